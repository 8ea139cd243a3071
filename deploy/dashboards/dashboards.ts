import { grafanaJson } from './dashboard.ts';
import { detection } from './detection.ts';
import { fleet } from './fleet.ts';
import type { Dashboard } from './panel.ts';
import { response } from './response.ts';
import { soc } from './soc.ts';

/** What `npm run render` writes under the chart's files/dashboards, for Grafana's sidecar. */
export const dashboards: readonly Dashboard[] = [soc, detection, fleet, response];

export const dashboardFile = ({ uid }: Dashboard): string => `${uid.replace('lanner-', '')}.json`;

export const dashboardText = (dashboard: Dashboard): string =>
  `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`;
