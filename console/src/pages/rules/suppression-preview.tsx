import type { ReactNode } from 'react';

import { severities } from '../../../../baseline/alert.ts';
import type { PreviewAnswer } from '../../../../collector/api/contract/suppression.ts';
import { Code, Name } from '../../design/code.tsx';
import { SeverityLabel } from '../../design/severity.tsx';
import { Notice } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { useLanguage } from '../../words/language.ts';
import { suppressionWords } from '../../words/rules.ts';
import css from './rules.module.css';

/** What a rule would have hidden, in numbers and by example. */
const EXAMPLES = 5;

export function SuppressionPreview({ preview }: { readonly preview: PreviewAnswer }): ReactNode {
  const words = useWords(suppressionWords);
  const { alerts, looked, days, bySeverity, isPartial, destructive, examples } = preview;
  const isGrave = (bySeverity['critical'] ?? 0) + (bySeverity['high'] ?? 0) > 0;
  return (
    <section className={css.previewed} aria-label={words.previewTitle} aria-live="polite">
      <h3>{words.previewTitle}</h3>
      <p>{alerts === 0 ? words.previewNone : words.previewText(alerts, looked, days)}</p>
      <ul className={css.counts}>
        {severities.toReversed().filter((severity) => (bySeverity[severity] ?? 0) > 0)
          .map((severity) => (
            <li key={severity}><SeverityLabel severity={severity} /> {bySeverity[severity]}</li>
          ))}
      </ul>
      {isGrave && <Notice tone="warn">{words.broad}</Notice>}
      {destructive > 0 && <p>{words.previewDestructive(destructive)}</p>}
      {isPartial && <p>{words.previewPartial}</p>}
      <ul className={css.examples}>
        {examples.slice(0, EXAMPLES).map((example) =>
          <li key={example.id}><Example example={example} /></li>)}
      </ul>
    </section>
  );
}

function Example(
  { example }: { readonly example: PreviewAnswer['examples'][number] },
): ReactNode {
  const language = useLanguage();
  return (
    <>
      <span className={css.small}>
        <Time at={example.time} as="ago" /> <Name text={`${example.namespace}/${example.pod}`} />
      </span>
      <Code text={example.reason[language]} />
    </>
  );
}
