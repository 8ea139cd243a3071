import { increase, inRange, level, quantile } from './panel.ts';
import type { Dashboard } from './panel.ts';

const ACKNOWLEDGE = 'collector_incident_acknowledge_seconds';
/** What a SOC commonly promises for a first look. */
const FIRST_LOOK_SECONDS = 900;

export const soc: Dashboard = {
  uid: 'lanner-soc',
  title: 'Lanner / SOC overview',
  description: 'What is going on, and whether somebody looks at it.',
  rows: [{
    title: 'Now',
    panels: [{
      kind: 'stat',
      title: 'Open incidents',
      description: 'Incidents that nobody has closed, acknowledged or not.',
      queries: [{ expr: level('incidents_open'), legend: 'open' }],
      unit: 'short',
      width: 4,
      thresholds: [[1, 'orange'], [20, 'red']],
    }, {
      kind: 'stat',
      title: 'Alerts raised',
      description: 'In the time shown, without those that a rule, a window or a cool-down kept back.',
      queries: [{
        expr: inRange('collector_alerts_handled_total', { where: 'handling="none"' }),
        legend: 'raised',
      }],
      unit: 'short',
      width: 4,
    }, {
      kind: 'stat',
      title: 'Kept back',
      description: 'In the time shown: suppressed, in maintenance, or the same again in a cool-down.',
      queries: [{
        expr: inRange('collector_alerts_handled_total', { where: 'handling!="none"' }),
        legend: 'kept back',
      }],
      unit: 'short',
      width: 4,
    }, {
      kind: 'stat',
      title: 'Time to acknowledge, median',
      description: 'From an incident’s opening to the first person who took note, in the time shown.',
      queries: [{ expr: quantile(0.5, ACKNOWLEDGE, '$__range'), legend: 'median' }],
      unit: 's',
      width: 4,
      thresholds: [[FIRST_LOOK_SECONDS, 'orange'], [4 * FIRST_LOOK_SECONDS, 'red']],
    }, {
      kind: 'stat',
      title: 'Nodes that nobody watches',
      description: 'Agents that are silent, or have lost their Falco: what happens there is not seen.',
      queries: [{
        expr: `sum(max by (cluster, state) ` +
          `(lanner_collector_agents{cluster=~"$cluster", state=~"silent|blind"}))`,
        legend: 'nodes',
      }],
      unit: 'short',
      width: 4,
      thresholds: [[1, 'red']],
    }, {
      kind: 'stat',
      title: 'Images over their budget',
      description: 'They raised more alarms than chance explains: attacked, or not learned well.',
      queries: [{ expr: level('image_over_budget'), legend: 'images' }],
      unit: 'short',
      width: 4,
      thresholds: [[1, 'orange']],
    }],
  }, {
    title: 'Alerts',
    panels: [{
      kind: 'timeseries',
      title: 'Alerts by severity',
      description: 'Stored, new or grown, per interval.',
      queries: [{
        expr: increase('collector_alerts_total', { by: ['severity'] }),
        legend: '{{severity}}',
      }],
      unit: 'short',
      width: 12,
      isStacked: true,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Alerts by how they were dealt with',
      description: 'none: raised. The others were kept back and can be listed by their handling.',
      queries: [{
        expr: increase('collector_alerts_handled_total', { by: ['handling'] }),
        legend: '{{handling}}',
      }],
      unit: 'short',
      width: 12,
      isStacked: true,
      min: 0,
    }, {
      kind: 'bargauge',
      title: 'Namespaces with the most alerts',
      description: 'In the time shown. _none: of the node itself; _other: beyond the first 100.',
      queries: [{
        expr: `topk(10, ${inRange('collector_namespace_alerts_total', { by: ['namespace'] })})`,
        legend: '{{namespace}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }, {
      kind: 'bargauge',
      title: 'Images with the most alerts',
      description: 'In the time shown, by repository. _other: beyond the first 200.',
      queries: [{
        expr: `topk(10, ${inRange('collector_image_alerts_total', { by: ['image'] })})`,
        legend: '{{image}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }, {
      kind: 'bargauge',
      title: 'ATT&CK techniques',
      description: 'In the time shown; an alert with several counts for each.',
      queries: [{
        expr: `topk(10, ${inRange('collector_technique_alerts_total', { by: ['technique'] })})`,
        legend: '{{technique}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }],
  }, {
    title: 'Incidents',
    panels: [{
      kind: 'timeseries',
      title: 'Time to acknowledge',
      description: 'Of the incidents that somebody took note of in each hour.',
      queries: [
        { expr: quantile(0.5, ACKNOWLEDGE, '1h'), legend: 'median' },
        { expr: quantile(0.9, ACKNOWLEDGE, '1h'), legend: '90 %' },
      ],
      unit: 's',
      width: 8,
      thresholds: [[FIRST_LOOK_SECONDS, 'orange']],
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Incidents told',
      description: 'How often outputs and consoles were told of an incident, and why.',
      queries: [{
        expr: increase('collector_incident_notifications_total', { by: ['reason'] }),
        legend: '{{reason}}',
      }],
      unit: 'short',
      width: 8,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Rules and windows in force',
      description: 'Suppression rules and maintenance windows: each of them is a blind spot on purpose.',
      queries: [
        { expr: level('suppression_rules'), legend: 'suppression rules' },
        { expr: level('maintenance_windows_active'), legend: 'maintenance windows' },
      ],
      unit: 'short',
      width: 8,
      min: 0,
    }],
  }],
};
