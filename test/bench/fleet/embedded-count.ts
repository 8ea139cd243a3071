import { DatabaseSync } from 'node:sqlite';

/** What an embedded store holds after its collector has ended, read behind the store's back. */
export type Held = {
  readonly rows: number;
  readonly ids: number;
  /** Alerts that no incident has seen yet. */
  readonly uncorrelated: number;
};

export function countAlerts(path: string): Held {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare(
    'SELECT count(*) AS rows, count(DISTINCT id) AS ids,' +
      ' coalesce(sum(correlated_revision < revision), 0) AS uncorrelated FROM alerts',
  ).get();
  database.close();
  return {
    rows: Number(row?.['rows']),
    ids: Number(row?.['ids']),
    uncorrelated: Number(row?.['uncorrelated']),
  };
}

/** Acknowledged and not there; there more than once. */
export function compare(acknowledged: number, { rows, ids }: Held) {
  return { lost: Math.max(0, acknowledged - ids), doubled: rows - ids };
}
