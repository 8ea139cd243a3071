import type { ReactNode } from 'react';

import { Name } from '../../design/code.tsx';
import { useWords } from '../../words/catalogue.ts';
import { fleetWords } from '../../words/fleet.ts';
import { agentHealths } from './agent-health.ts';
import type { AgentHealth, FleetTotals as Totals } from './agent-health.ts';
import css from './fleet.module.css';

/** The fleet in numbers; each state is a filter, too. */
export function FleetTotals(
  { totals, eventsPerSecond, selected, onSelect }: {
    readonly totals: Totals;
    readonly eventsPerSecond: number;
    readonly selected: AgentHealth | null;
    readonly onSelect: (health: AgentHealth | null) => void;
  },
): ReactNode {
  const words = useWords(fleetWords);
  return (
    <section className={css.totals} aria-label={words.totals}>
      {agentHealths.filter((health) => totals.byHealth[health] > 0).map((health) => (
        <button
          key={health}
          type="button"
          className={css.total}
          aria-pressed={selected === health}
          onClick={() => onSelect(selected === health ? null : health)}
        >
          <span className={`${css.figure} ${css[health]}`}>{totals.byHealth[health]}</span>
          <span>{words.health[health]}</span>
        </button>
      ))}
      <div className={css.total}>
        <span className={css.figure}>{Math.round(eventsPerSecond).toLocaleString()}</span>
        <span>{words.eventsPerSecond}</span>
      </div>
      <Versions label={words.agentVersions} versions={totals.agentVersions} />
      <Versions label={words.falcoVersions} versions={totals.falcoVersions} />
    </section>
  );
}

const VERSIONS_MAX = 3;

function Versions(
  { label, versions }: {
    readonly label: string;
    readonly versions: Totals['agentVersions'];
  },
): ReactNode {
  const words = useWords(fleetWords);
  return (
    <div className={css.total} title={versions.length > 1 ? words.mixed : undefined}>
      <span className={css.versions}>
        {versions.slice(0, VERSIONS_MAX).map(([version, agents]) => (
          <span key={version}>
            <Name text={version === '' ? '?' : version} />
            {versions.length > 1 && <span className={css.small}> × {agents}</span>}
          </span>
        ))}
        {versions.length > VERSIONS_MAX && '…'}
      </span>
      <span>{label}</span>
    </div>
  );
}
