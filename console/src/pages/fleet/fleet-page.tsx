import { useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import type { NodeView } from '../../../../collector/api/contract/fleet.ts';
import { useAsk } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { fleetWords } from '../../words/fleet.ts';
import { useSearchState } from '../parts/search-state.ts';
import type { SearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { agentHealths, healthOf, inOrderOfHealth, totalsOf } from './agent-health.ts';
import type { AgentHealth } from './agent-health.ts';
import { AgentTable } from './agent-table.tsx';
import { EventRates } from './event-rate.ts';
import { FleetTotals } from './fleet-totals.tsx';
import { Gaps } from './gaps.tsx';

/** The agents, worst first, and what was not seen. A heartbeat comes every few seconds. */
const EVERY_MS = 5_000;

export type Agent = {
  readonly node: NodeView;
  readonly health: AgentHealth;
  /** Null until two reports are there. */
  readonly rate: { readonly events: number; readonly drops: number } | null;
};

export function FleetPage(): ReactNode {
  const words = useWords(fleetWords);
  const asked = useAsk<{ readonly items: readonly NodeView[] }>('/api/v1/nodes', {},
    { everyMs: EVERY_MS });
  const agents = useAgents(asked.data?.items);
  const state = useSearchState();
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        {asked.isPending && <Loading />}
        {asked.isError &&
          <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.data !== undefined && agents.length === 0 && (
          <Panel><EmptyState title={words.none}>{words.noneHint}</EmptyState></Panel>
        )}
        {agents.length > 0 && <Agents agents={agents} state={state} />}
        <Gaps />
      </PageBody>
    </>
  );
}

/** With the rates, which come from two answers; the agents of one answer are in one order. */
function useAgents(nodes: readonly NodeView[] | undefined): readonly Agent[] {
  const [rates] = useState(() => new EventRates());
  return useMemo(() => {
    if (nodes === undefined) return [];
    rates.take(nodes);
    const of = (node: NodeView): AgentHealth => healthOf(node, rates.of(node)?.drops ?? 0);
    return inOrderOfHealth(nodes, of)
      .map((node) => ({ node, health: of(node), rate: rates.of(node) }));
  }, [nodes, rates]);
}

function Agents(
  { agents, state }: { readonly agents: readonly Agent[]; readonly state: SearchState },
): ReactNode {
  const words = useWords(fleetWords);
  const { search, change, clear } = state;
  const text = (search.get('q') ?? '').toLowerCase();
  const health = agentHealths.find((one) => one === search.get('health')) ?? null;
  const shown = agents.filter(({ node, health: has }) =>
    (health === null || has === health) &&
    `${node.cluster} ${node.node}`.toLowerCase().includes(text));
  const nodes = agents.map(({ node }) => node);
  const byNode = new Map(agents.map((agent) => [agent.node, agent]));
  return (
    <>
      <FleetTotals
        totals={totalsOf(nodes, (node) => byNode.get(node)?.health ?? 'well')}
        eventsPerSecond={agents.reduce((sum, { rate }) => sum + (rate?.events ?? 0), 0)}
        selected={health}
        onSelect={(one) => change({ health: one ?? '' })}
      />
      <Toolbar>
        <TextField
          label={words.search}
          isLabelHidden
          type="search"
          placeholder={words.search}
          value={search.get('q') ?? ''}
          onChange={(q) => change({ q })}
        />
        <SelectField
          label={words.columns.state}
          isLabelHidden
          value={health ?? ''}
          onChange={(value) => change({ health: value })}
          options={[
            { value: '', label: words.all },
            ...agentHealths.map((value) => ({ value, label: words.health[value] })),
          ]}
        />
      </Toolbar>
      <Panel title={words.agents(shown.length)} isFlush>
        {shown.length > 0
          ? <AgentTable agents={shown} />
          : (
            <EmptyState title={words.noMatch}>
              <Button onClick={clear}>{words.clear}</Button>
            </EmptyState>
          )}
      </Panel>
    </>
  );
}
