import type { Dashboard, Panel, Query } from './panel.ts';

/**
 * Grafana's JSON (schema 39, Grafana 10 and later). Ids and places follow from the order alone, so
 * that a panel that is added moves what is below it and changes nothing else.
 */
const COLUMNS = 24;
const HEIGHTS: Readonly<Record<Panel['kind'], number>> = { stat: 4, timeseries: 8, bargauge: 9 };
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

type Json = Readonly<Record<string, unknown>>;

export function grafanaJson({ uid, title, description, rows }: Dashboard): Json {
  const panels: Json[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      const h = HEIGHTS[panel.kind];
      panels.push(panelJson(panel, panels.length + 1, { x, y, w: panel.width, h }));
      x += panel.width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return {
    uid,
    title,
    description,
    tags: ['lanner'],
    editable: false,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    timezone: 'browser',
    time: { from: 'now-24h', to: 'now' },
    refresh: '1m',
    links: [{
      title: 'Lanner',
      type: 'dashboards',
      tags: ['lanner'],
      asDropdown: true,
      includeVars: true,
      keepTime: true,
    }],
    templating: { list: variables },
    annotations: { list: [] },
    panels,
  };
}

/** `.*` also matches where no label `cluster` is: most have one Prometheus in each cluster. */
const variables: readonly Json[] = [
  {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    current: {},
    hide: 0,
  },
  {
    name: 'cluster',
    label: 'Cluster',
    type: 'query',
    datasource: DATASOURCE,
    definition: 'label_values(lanner_collector_build_info, cluster)',
    query: { query: 'label_values(lanner_collector_build_info, cluster)', refId: 'cluster' },
    refresh: 2,
    sort: 1,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    hide: 0,
  },
];

function panelJson(panel: Panel, id: number, gridPos: Json): Json {
  const { kind, title, description, queries } = panel;
  return {
    id,
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    targets: queries.map((query, index) => target(query, index, kind)),
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: OPTIONS[kind],
  };
}

function target({ expr, legend }: Query, index: number, kind: Panel['kind']): Json {
  return {
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    ...(kind === 'timeseries' ? { range: true } : { instant: true }),
  };
}

function fieldDefaults(panel: Panel): Json {
  const { kind, unit, thresholds = [], low, min, max, isStacked } = panel;
  const custom = {
    drawStyle: 'line',
    fillOpacity: isStacked === true ? 30 : 5,
    showPoints: 'never',
    stacking: { mode: isStacked === true ? 'normal' : 'none' },
    thresholdsStyle: { mode: thresholds.length > 0 ? 'dashed' : 'off' },
  };
  return {
    unit,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    color: { mode: kind === 'timeseries' ? 'palette-classic' : 'thresholds' },
    thresholds: {
      mode: 'absolute',
      steps: [
        { value: null, color: low ?? 'green' },
        ...thresholds.map(([value, color]) => ({ value, color })),
      ],
    },
    ...(kind === 'timeseries' ? { custom } : {}),
  };
}

const REDUCE = { calcs: ['lastNotNull'], fields: '', values: false };

const OPTIONS: Readonly<Record<Panel['kind'], Json>> = {
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: { colorMode: 'background', graphMode: 'none', reduceOptions: REDUCE, textMode: 'auto' },
  bargauge: { displayMode: 'basic', orientation: 'horizontal', reduceOptions: REDUCE },
};
