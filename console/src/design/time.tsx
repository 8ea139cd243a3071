import { createContext, useContext, useEffect, useState } from 'react';
import type { ReactNode } from 'react';

import { useWords } from '../words/catalogue.ts';
import { designWords } from '../words/design.ts';
import { LOCALES, useLanguage } from '../words/language.ts';
import type { Language } from '../words/language.ts';
import css from './time.module.css';

/** One clock for all ages on a page: a timer per row would be thousands. */
const TICK_MS = 5_000;
export const NowContext = createContext(Date.now());

export function useTicking(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

type Shape = 'time' | 'full';

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(language: Language, shape: Shape): Intl.DateTimeFormat {
  const key = `${language} ${shape}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat(LOCALES[language], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(shape === 'time' ? {} : { year: 'numeric', month: 'short', day: '2-digit' }),
  });
  formats.set(key, made);
  return made;
}

/** Nine digits as the agents send them, or milliseconds; NaN when it is no time. */
export const msOf = (at: string | number): number =>
  typeof at === 'number' ? at : Date.parse(at);

const utcOf = (ms: number): string => `${new Date(ms).toISOString().replace('T', ' ')
  .replace('Z', '')} UTC`;

export type TimeProps = {
  /** RFC 3339, or milliseconds since 1970. */
  readonly at: string | number;
  /** `auto`: the hour alone when it was today. `ago`: how long it is. */
  readonly as?: 'auto' | 'full' | 'ago';
  /** Not in long lists: each would be a stop for the tabulator key. */
  readonly isFocusable?: boolean;
};

/** In the viewer's zone; UTC, exactly, on hover and focus. */
export function Time({ at, as = 'auto', isFocusable = false }: TimeProps): ReactNode {
  const language = useLanguage();
  const words = useWords(designWords);
  const now = useContext(NowContext);
  const ms = msOf(at);
  if (!Number.isFinite(ms)) return <span>–</span>;
  const isToday = new Date(ms).toDateString() === new Date(now).toDateString();
  const shape = as === 'full' || !isToday ? 'full' : 'time';
  const text = as === 'ago' ? agoText(words, now - ms) : formatOf(language, shape).format(ms);
  const local = formatOf(language, 'full').format(ms);
  const utc = utcOf(ms);
  return (
    <time
      className={css.time}
      dateTime={new Date(ms).toISOString()}
      {...(isFocusable ? { tabIndex: 0 } : {})}
      data-utc={utc}
      title={isFocusable ? undefined : `${as === 'ago' ? `${local}\n` : ''}${utc}`}
    >
      {text}
    </time>
  );
}

type AgoWords = { readonly now: string } & Readonly<
  Record<'secondsAgo' | 'minutesAgo' | 'hoursAgo' | 'daysAgo', (n: number) => string>
>;

export function agoText(words: AgoWords, ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 10) return words.now;
  if (seconds < 90) return words.secondsAgo(Math.round(seconds / 10) * 10);
  if (seconds < 5_400) return words.minutesAgo(Math.round(seconds / 60));
  if (seconds < 129_600) return words.hoursAgo(Math.round(seconds / 3_600));
  return words.daysAgo(Math.round(seconds / 86_400));
}
