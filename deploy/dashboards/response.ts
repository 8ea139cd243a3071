import { HERE, increase, inRange, level, quantile } from './panel.ts';
import type { Dashboard } from './panel.ts';

const GUARDRAILS = 'reason=~"protected-namespace|protected-label|protected-kind|not-enabled|' +
  'budget|min-healthy|kill-loop|evidence|paused|foreign-policy"';

export const response: Dashboard = {
  uid: 'lanner-response',
  title: 'Lanner / Response',
  description: 'What was done to pods, what a guardrail refused, and what had no effect.',
  rows: [{
    title: 'In the time shown',
    panels: [{
      kind: 'stat',
      title: 'Verified',
      description: 'Responses that were carried out, and whose effect was seen.',
      queries: [{
        expr: inRange('collector_responses_total', { where: 'outcome="verified"' }),
        legend: 'verified',
      }],
      unit: 'short',
      width: 6,
    }, {
      kind: 'stat',
      title: 'Failed or without effect',
      description: 'The pod may still be doing it: somebody has to look.',
      queries: [{
        expr: inRange('collector_responses_total', { where: 'outcome=~"failed|not-effective"' }),
        legend: 'failed',
      }],
      unit: 'short',
      width: 6,
      thresholds: [[1, 'red']],
    }, {
      kind: 'stat',
      title: 'Refused by a guardrail',
      description: 'Not begun: protected, over a limit, the last healthy replica, paused and so on.',
      queries: [{
        expr: inRange('collector_response_reasons_total', { where: GUARDRAILS }),
        legend: 'refused',
      }],
      unit: 'short',
      width: 6,
      thresholds: [[1, 'orange']],
    }, {
      kind: 'stat',
      title: 'Policy',
      description: '0 while the policy file is invalid and the one before it holds.',
      queries: [{ expr: `min(lanner_collector_policy_valid{${HERE}})`, legend: 'valid' }],
      unit: 'short',
      width: 6,
      low: 'red',
      thresholds: [[1, 'green']],
    }],
  }, {
    title: 'Actions',
    panels: [{
      kind: 'timeseries',
      title: 'Responses by action',
      description: 'Carried out or not, whatever came of them.',
      queries: [{
        expr: increase('collector_responses_total', { by: ['action'] }),
        legend: '{{action}}',
      }],
      unit: 'short',
      width: 8,
      isStacked: true,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Responses by outcome',
      description: 'not-executed: a guardrail or the cluster refused it before anything was done.',
      queries: [{
        expr: increase('collector_responses_total', { by: ['outcome'] }),
        legend: '{{outcome}}',
      }],
      unit: 'short',
      width: 8,
      isStacked: true,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Refusals and failures by reason',
      description: 'Guardrails and what the cluster or the agent said.',
      queries: [{
        // There are thirty reasons; most are never given.
        expr: `${increase('collector_response_reasons_total', { by: ['reason'] })} > 0 or vector(0)`,
        legend: '{{reason}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Told as alerts',
      description: 'Responses that did not help: without effect, or killed and back again.',
      queries: [{
        expr: increase('collector_response_escalations_total', { by: ['kind'] }),
        legend: '{{kind}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'From begin to effect',
      description: 'Of verified responses, by action; with a watch it holds the time watched.',
      queries: [{
        expr: quantile(0.95, 'collector_response_seconds', '1h', 'action'),
        legend: '{{action}} 95 %',
      }],
      unit: 's',
      width: 8,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'What the policy said',
      description: 'Per incident that was considered: nothing, proposed, or acted.',
      queries: [{
        expr: increase('collector_policy_decisions_total', { by: ['decision'] }),
        legend: '{{decision}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }],
  }, {
    title: 'On the nodes',
    panels: [{
      kind: 'timeseries',
      title: 'Commands by outcome',
      description: 'Freeze, thaw, kill a process, collect evidence, watch: as the agents answered.',
      queries: [{
        expr: increase('agent_commands_total', { by: ['outcome'] }),
        legend: '{{outcome}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Time of a freeze',
      description: 'From the command’s turn at the agent to its confirmation; the aim is 50 ms.',
      queries: [{ expr: quantile(0.95, 'agent_freeze_seconds', '1h'), legend: '95 %' }],
      unit: 's',
      width: 8,
      thresholds: [[0.05, 'orange']],
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Held frozen',
      description: 'Pods and containers that wait for a person to thaw or to kill them.',
      queries: [{ expr: `sum(lanner_agent_frozen_targets{${HERE}})`, legend: 'frozen' }],
      unit: 'short',
      width: 8,
      min: 0,
    }],
  }, {
    title: 'Trust',
    panels: [{
      kind: 'timeseries',
      title: 'Peers that spoke as who they are not',
      description: 'Links with another node’s name, certificate or token.',
      queries: [{
        expr: increase('collector_security_events_total', { by: ['kind'] }),
        legend: '{{kind}}',
      }],
      unit: 'short',
      width: 12,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'API requests refused',
      description: 'By reason; see lannerctl audit list for who.',
      queries: [
        { expr: increase('collector_api_refused_total', { by: ['reason'] }), legend: '{{reason}}' },
        { expr: level('stream_clients'), legend: 'readers of the live stream' },
      ],
      unit: 'short',
      width: 12,
      min: 0,
    }],
  }],
};
