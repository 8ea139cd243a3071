import { useContext } from 'react';
import type { ReactNode } from 'react';

import { NowContext } from '../design/time.tsx';
import { useWords } from '../words/catalogue.ts';
import { shellWords } from '../words/shell.ts';
import { useLive, useStreamState } from './stream-context.ts';
import css from './shell.module.css';

/** Further behind than this is said; less is only the way the clocks and the network are. */
const BEHIND_MS = 5_000;

export function ConnectionBadge(): ReactNode {
  const words = useWords(shellWords).connection;
  const state = useStreamState();
  const { alerts } = useLive();
  const now = useContext(NowContext);
  const behindMs = alerts.behindMs(now);
  const [text, look] = ((): readonly [string, string] => {
    switch (state.kind) {
      case 'connecting':
        return [words.connecting, 'waiting'];
      case 'live':
        return behindMs > BEHIND_MS
          ? [words.behind(Math.round(behindMs / 1_000)), 'waiting']
          : [words.live, 'steady'];
      case 'catching-up':
        return [words.catchingUp, 'waiting'];
      case 'cut':
        return [words.cut(Math.max(1, Math.round((now - state.sinceMs) / 1_000))), 'lost'];
      case 'ended':
        return [state.why === 'signed-out' ? words.signedOut : words.refused, 'lost'];
    }
  })();
  return (
    <span className={`${css.badge} ${css[look] ?? ''}`} role="status" aria-label={words.label}>
      <span className={css.dot} aria-hidden="true" />
      {text}
    </span>
  );
}
