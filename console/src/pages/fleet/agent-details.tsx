import type { ReactNode } from 'react';

import { Code, Name } from '../../design/code.tsx';
import { Facts } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { fleetWords } from '../../words/fleet.ts';
import { partsWords } from '../../words/parts.ts';
import type { Agent } from './fleet-page.tsx';
import css from './fleet.module.css';

export function AgentDetails({ agent: { node, health } }: { readonly agent: Agent }): ReactNode {
  const words = useWords(fleetWords);
  const parts = useWords(partsWords);
  const { facts } = words;
  return (
    <div className={css.details}>
      {health !== 'well' && (
        <section className={css.advice}>
          <h3>{words.whatToDo}</h3>
          <p>{words.advice[health]}</p>
        </section>
      )}
      <Facts
        items={[
          [facts.cluster, <Name key="cluster" text={node.cluster} />],
          [words.columns.sensor, words.sensor[node.sensorState]],
          [facts.detail, node.sensorDetail === ''
            ? parts.none
            : <Code key="detail" text={node.sensorDetail} />],
          [facts.connected, <Time key="connected" at={node.connectedTime} as="full" isFocusable />],
          [facts.lastSeen, <Time key="seen" at={node.lastSeenTime} as="full" isFocusable />],
          [facts.received, node.eventsReceived.toLocaleString()],
          [facts.judged, node.eventsJudged.toLocaleString()],
          [facts.dropped, node.eventsDropped.toLocaleString()],
          [facts.capabilities, node.capabilities.length === 0
            ? facts.noCapabilities
            : <Name key="capabilities" text={node.capabilities.join(', ')} />],
          [facts.protocol, node.protocol],
        ]}
      />
    </div>
  );
}
