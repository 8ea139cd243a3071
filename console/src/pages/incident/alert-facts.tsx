import type { ReactNode } from 'react';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { Code, Name } from '../../design/code.tsx';
import { Facts, Panel } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { alertKindWords, profileStateWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { percentOf } from '../images/percent.ts';

export function AlertFacts({ alert }: { readonly alert: AlertView }): ReactNode {
  const words = useWords(incidentWords);
  const kinds = useWords(alertKindWords);
  const states = useWords(profileStateWords);
  const { fact } = words;
  const { image, profile } = alert;
  const coverage = words.coverage(percentOf(profile.coverage), words.pods(profile.pods));
  return (
    <Panel title={words.facts}>
      <Facts
        items={[
          [fact.namespace, <Name text={alert.namespace} />],
          [fact.pod, <Name text={alert.pod} />],
          [fact.workload, <Name text={alert.workload} />],
          [fact.node, <Name text={`${alert.cluster}/${alert.node}`} />],
          [fact.container, <Name text={`${alert.containerName} (${alert.containerId})`} />],
          [fact.image, <Name text={`${image.repository}${image.tag === '' ? '' : `:${image.tag}`}`} />],
          [fact.digest, <Code text={image.digest} />],
          [fact.podUid, <Code text={alert.podUid} />],
          [fact.kind, kinds[alert.kind]],
          [fact.profile, `${states[profile.state]}, ${coverage}`],
          [fact.first, <Time at={alert.firstTime} as="full" isFocusable />],
          [fact.last, <Time at={alert.lastTime} as="full" isFocusable />],
          [fact.received, <Time at={alert.receivedTime} as="full" isFocusable />],
        ]}
      />
    </Panel>
  );
}
