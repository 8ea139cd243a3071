/** What a dashboard says of itself; `dashboard.ts` makes Grafana's JSON of it. */
export type Query = {
  readonly expr: string;
  /** `{{label}}` is filled in by Grafana. */
  readonly legend: string;
};

export type Panel = {
  readonly kind: 'timeseries' | 'stat' | 'bargauge';
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  /** Grafana's name of a unit. */
  readonly unit: string;
  /** Of 24 columns. */
  readonly width: number;
  /** Value from which on a colour holds, besides green below the first. */
  readonly thresholds?: readonly (readonly [value: number, color: 'orange' | 'red' | 'green'])[];
  /** Colour below the first threshold, where low is bad. */
  readonly low?: 'red' | 'orange';
  readonly min?: number;
  readonly max?: number;
  /** Areas on each other, where the parts make up a whole. */
  readonly isStacked?: boolean;
};

export type Row = { readonly title: string; readonly panels: readonly Panel[] };

export type Dashboard = {
  /** Never changes: links and bookmarks hold it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
};

/** The selector that every metric gets. */
export const HERE = 'cluster=~"$cluster"';

/** A gauge that each replica of the collector shows alike: one of them per cluster. */
export const level = (name: string, by: readonly string[] = []): string =>
  `sum${by.length === 0 ? '' : ` by (${by.join(', ')})`} ` +
  `(max by (${['cluster', ...by].join(', ')}) (lanner_collector_${name}{${HERE}}))`;

type Counted = {
  readonly by?: readonly string[];
  readonly where?: string;
};

const sumOf = (what: string, name: string, window: string, { by, where }: Counted): string =>
  `sum${by === undefined ? '' : ` by (${by.join(', ')})`} ` +
  `(${what}(lanner_${name}{${where === undefined ? HERE : `${HERE}, ${where}`}}[${window}]))`;

export const rate = (name: string, counted: Counted = {}): string =>
  sumOf('rate', name, '$__rate_interval', counted);

/** Events per interval of the graph: rare ones are read as numbers, not as rates. */
export const increase = (name: string, counted: Counted = {}): string =>
  sumOf('increase', name, '$__rate_interval', counted);

export const inRange = (name: string, counted: Counted = {}): string =>
  sumOf('increase', name, '$__range', counted);

export const quantile = (q: number, name: string, window = '$__rate_interval', by = ''): string =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) ` +
  `(rate(lanner_${name}_bucket{${HERE}}[${window}])))`;
