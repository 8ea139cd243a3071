import type { ReactNode } from 'react';

import type { GeneratedAnswer } from '../../../../collector/api/contract/generate.ts';
import { channels } from '../../../../baseline/alert.ts';
import { useAsk } from '../../data/queries.ts';
import { Code } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { ErrorState, Loading, Notice } from '../../design/states.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { generatedWords } from '../../words/generated.ts';
import { Artefact } from './artefact.tsx';
import { fileNameOf } from './policy-query.ts';
import type { PolicyQuestion } from './policy-query.ts';
import css from './generated.module.css';

/** Falco rules, seccomp or KubeArmor for one image, made anew from the profile as it is. */
export function ImagePolicy(
  { question: { profile, kind } }: { readonly question: Extract<PolicyQuestion, { of: 'image' }> },
): ReactNode {
  const words = useWords(generatedWords);
  const names = useWords(channelWords);
  const asked = useAsk<GeneratedAnswer>(
    `/api/v1/profiles/${encodeURIComponent(profile)}/policy`, { kind });
  if (asked.isPending) return <Panel><Loading /></Panel>;
  if (asked.isError) {
    return (
      <Panel><ErrorState error={asked.error} onRetry={() => void asked.refetch()} /></Panel>
    );
  }
  const { key, text, incomplete, left } = asked.data;
  const learned = incomplete.map((channel) => {
    const known = channels.find((one) => one === channel);
    return known === undefined ? visibleText(channel) : names[known];
  });
  return (
    <>
      {learned.length > 0 && <Notice tone="warn">{words.stillLearned(learned.join(' · '))}</Notice>}
      <Artefact text={text} fileName={fileNameOf(key.replace(/@sha256:(.{12}).*$/, '-$1'), kind)} />
      {left.length > 0 && (
        <Panel title={`${words.tabs.left}: ${words.leftBehaviours}`}>
          <ul className={css.stack}>
            {left.map((one, index) => <li key={index}><Code text={one} /></li>)}
          </ul>
        </Panel>
      )}
    </>
  );
}
