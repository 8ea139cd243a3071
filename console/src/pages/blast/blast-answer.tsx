import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { BlastRadiusView } from '../../../../collector/api/contract/blast-radius.ts';
import { saveText } from '../../data/download.ts';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { Facts, Panel } from '../../design/page.tsx';
import { Notice } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { blastWords } from '../../words/blast.ts';
import { useLanguage } from '../../words/language.ts';
import { useInSight } from '../parts/use-in-sight.ts';
import { BlastLists } from './blast-lists.tsx';
import { blastAddressOf } from './blast-query.ts';
import css from './blast.module.css';

/** The sum of it first, then what may be missing, then who it is. */
const ALERTS_SHOWN_MAX = 12;
const LOOKED_OPEN_MAX = 8;

export function BlastAnswer({ answer }: { readonly answer: BlastRadiusView }): ReactNode {
  const words = useWords(blastWords);
  const { totals, query, asOf, truncated } = answer;
  const top = useInSight<HTMLDivElement>();
  const verdict = totals.podsNow > 0 ? words.verdictNow(totals.podsNow)
    : totals.pods > 0 ? words.verdictRan(totals.pods) : words.verdictNone;
  return (
    <div ref={top} className={css.answer}>
      <Panel
        title={verdict}
        actions={(
          <Button size="small" icon="download" aria-label={words.exportJson}
            onClick={() => saveText('blast-radius.json', 'application/json',
              `${JSON.stringify(answer, null, 2)}\n`)}
          >
            JSON
          </Button>
        )}
      >
        <dl className={css.totals}>
          {(['images', 'workloads', 'nodes', 'namespaces'] as const).map((key) => (
            <div key={key} className={css.total}>
              <dt>{words.totals[key]}</dt>
              <dd>{totals[key].toLocaleString()}</dd>
            </div>
          ))}
        </dl>
        <Limits answer={answer} />
        <Facts
          items={[
            [words.pods, words.podsNow(totals.podsNow, totals.pods)],
            [words.days, words.lastDays(query.days)],
            [words.asOf, <Time key="asOf" at={asOf} />],
          ]}
        />
        <Looked query={query} />
        <Evidence evidence={answer.evidence} />
      </Panel>
      {truncated && <Notice tone="warn">{words.truncated}</Notice>}
      <BlastLists answer={answer} />
    </div>
  );
}

/** Each layer of an image can be asked about on its own. */
function Looked({ query }: Pick<BlastRadiusView, 'query'>): ReactNode {
  const words = useWords(blastWords);
  const { kind, value, looked } = query;
  const head = <>{words.looked}: {words.kinds[kind]} <Name text={value} /></>;
  if (looked.length === 0 || (looked.length === 1 && looked[0] === value)) {
    return <p className={css.looked}>{head}</p>;
  }
  return (
    <details className={css.looked} open={kind === 'alert' && looked.length <= LOOKED_OPEN_MAX}>
      <summary>{head} ({looked.length.toLocaleString()})</summary>
      <ul>
        {looked.map((one) => (
          <li key={one}>
            {/^sha256:[0-9a-f]{64}$/.test(one)
              ? <Link href={blastAddressOf('layer', one)}><Name text={one} /></Link>
              : <Code text={one} />}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Evidence({ evidence }: Pick<BlastRadiusView, 'evidence'>): ReactNode {
  const words = useWords(blastWords);
  const { alerts, reports } = evidence;
  return (
    <p className={css.evidence}>
      <span>{words.evidence}:</span>
      <span>{words.reports(reports)}</span>
      <span>{alerts.length === 0 ? words.alertsNone : words.alerts(alerts.length)}</span>
      {alerts.slice(0, ALERTS_SHOWN_MAX).map((id) => (
        <Link key={id} href={`/alerts/${encodeURIComponent(id)}`}><Name text={id} /></Link>
      ))}
      {alerts.length > ALERTS_SHOWN_MAX && <span>…</span>}
    </p>
  );
}

/** In the collector's words: it alone knows what it does not know. */
function Limits({ answer: { limits } }: { readonly answer: BlastRadiusView }): ReactNode {
  const words = useWords(blastWords);
  const language = useLanguage();
  if (limits.length === 0) return <p className={css.quiet}>{words.noLimits}</p>;
  return (
    <Notice tone="warn">
      <strong>{words.limits}</strong>
      <span className={css.limits}>
        {limits.map(({ code, text, about }) => (
          <span key={code}>
            <Name text={text[language]} isWhole />
            {about.length > 0 && <> <Name className={css.about} text={about.join(' · ')} /></>}
          </span>
        ))}
      </span>
    </Notice>
  );
}
