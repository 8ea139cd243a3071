import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Severity } from '../../baseline/alert.ts';
import type { SummaryRow } from './summary.ts';

/** The statements of the outbox, prepared once per file. */
export type AlertRow = {
  readonly row: number;
  readonly id: string;
  readonly revision: number;
  readonly rank: number;
  readonly bytes: number;
  readonly document: string;
};

export type Statements = {
  readonly unsent: StatementSync;
  readonly insert: StatementSync;
  readonly replace: StatementSync;
  readonly remove: StatementSync;
  readonly foldable: StatementSync;
  readonly fold: StatementSync;
  readonly summaries: StatementSync;
  readonly summaryCount: StatementSync;
  readonly clearSummaries: StatementSync;
  readonly nextOfRank: StatementSync;
  readonly seal: StatementSync;
  readonly batch: StatementSync;
  readonly sequences: StatementSync;
  readonly acknowledged: StatementSync;
  readonly acknowledge: StatementSync;
  readonly totals: StatementSync;
  readonly getMeta: StatementSync;
  readonly setMeta: StatementSync;
  readonly addGap: StatementSync;
  readonly openGaps: StatementSync;
  readonly removeOpenGaps: StatementSync;
  readonly sealGap: StatementSync;
  readonly gapsOfBatch: StatementSync;
  readonly acknowledgeGaps: StatementSync;
  readonly gapCount: StatementSync;
  readonly unsealGaps: StatementSync;
  readonly addFlows: StatementSync;
  readonly sealFlows: StatementSync;
  readonly flowsOfBatch: StatementSync;
  readonly openFlows: StatementSync;
  readonly acknowledgeFlows: StatementSync;
  readonly flowTotals: StatementSync;
  readonly dropOldestFlows: StatementSync;
  readonly dropFlowsOfBatch: StatementSync;
  readonly dropAllFlows: StatementSync;
  readonly rowsOfBatch: StatementSync;
  readonly removeOlderRevisions: StatementSync;
  readonly unsealAll: StatementSync;
};

export function prepareStatements(database: DatabaseSync): Statements {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    unsent: prepare('SELECT row, revision, bytes FROM alert WHERE id = ? AND sequence IS NULL'),
    insert: prepare(
      'INSERT INTO alert (id, revision, rank, bytes, document) VALUES (?, ?, ?, ?, ?)',
    ),
    replace: prepare(
      'UPDATE alert SET revision = ?, rank = ?, bytes = ?, document = ? WHERE row = ?',
    ),
    remove: prepare('DELETE FROM alert WHERE row = ?'),
    foldable: prepare(
      'SELECT row, id, revision, rank, bytes, document FROM alert' +
        ' WHERE sequence IS NULL ORDER BY rank, row LIMIT ?',
    ),
    fold: prepare(
      'INSERT INTO summary (severity, namespace, workload, count, first_time, last_time)' +
        ' VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,' +
        ' first_time = min(first_time, excluded.first_time),' +
        ' last_time = max(last_time, excluded.last_time)',
    ),
    summaries: prepare('SELECT * FROM summary'),
    summaryCount: prepare('SELECT count(*) AS count FROM summary'),
    clearSummaries: prepare('DELETE FROM summary'),
    nextOfRank: prepare(
      'SELECT row, id, revision, rank, bytes, document FROM alert' +
        ' WHERE sequence IS NULL AND rank = ? ORDER BY row LIMIT ?',
    ),
    seal: prepare('UPDATE alert SET sequence = ? WHERE row = ?'),
    batch: prepare(
      'SELECT document FROM alert WHERE sequence = ? ORDER BY rank DESC, row',
    ),
    sequences: prepare(
      'SELECT sequence FROM alert WHERE sequence IS NOT NULL AND sequence > ?1' +
        ' UNION SELECT sequence FROM gap WHERE sequence IS NOT NULL AND sequence > ?1' +
        ' UNION SELECT sequence FROM flow_chunk WHERE sequence IS NOT NULL AND sequence > ?1' +
        ' ORDER BY sequence LIMIT ?2',
    ),
    acknowledged: prepare(
      'SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM alert' +
        ' WHERE sequence IS NOT NULL AND sequence <= ?',
    ),
    acknowledge: prepare('DELETE FROM alert WHERE sequence IS NOT NULL AND sequence <= ?'),
    totals: prepare('SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM alert'),
    getMeta: prepare('SELECT value FROM meta WHERE key = ?'),
    setMeta: prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?)' +
        ' ON CONFLICT DO UPDATE SET value = excluded.value',
    ),
    addGap: prepare(
      'INSERT INTO gap (from_time, to_time, cause, events_estimate) VALUES (?, ?, ?, ?)',
    ),
    openGaps: prepare('SELECT * FROM gap WHERE sequence IS NULL ORDER BY row LIMIT ?'),
    removeOpenGaps: prepare('DELETE FROM gap WHERE sequence IS NULL'),
    sealGap: prepare('UPDATE gap SET sequence = ? WHERE row = ?'),
    gapsOfBatch: prepare('SELECT * FROM gap WHERE sequence = ? ORDER BY row'),
    acknowledgeGaps: prepare('DELETE FROM gap WHERE sequence IS NOT NULL AND sequence <= ?'),
    gapCount: prepare('SELECT count(*) AS count FROM gap'),
    unsealGaps: prepare('UPDATE gap SET sequence = NULL WHERE sequence IS NOT NULL'),
    addFlows: prepare('INSERT INTO flow_chunk (minute, flows, bytes, document) VALUES (?, ?, ?, ?)'),
    sealFlows: prepare(
      'UPDATE flow_chunk SET sequence = ? WHERE row =' +
        ' (SELECT row FROM flow_chunk WHERE sequence IS NULL ORDER BY row LIMIT 1)',
    ),
    flowsOfBatch: prepare('SELECT document FROM flow_chunk WHERE sequence = ?'),
    openFlows: prepare('SELECT count(*) AS count FROM flow_chunk WHERE sequence IS NULL'),
    acknowledgeFlows: prepare(
      'DELETE FROM flow_chunk WHERE sequence IS NOT NULL AND sequence <= ? RETURNING bytes',
    ),
    flowTotals: prepare(
      'SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM flow_chunk',
    ),
    dropOldestFlows: prepare(
      'DELETE FROM flow_chunk WHERE sequence IS NULL AND minute =' +
        ' (SELECT minute FROM flow_chunk WHERE sequence IS NULL ORDER BY row LIMIT 1)' +
        ' RETURNING flows, bytes, document',
    ),
    dropFlowsOfBatch: prepare(
      'DELETE FROM flow_chunk WHERE sequence = ? RETURNING flows, bytes, document',
    ),
    dropAllFlows: prepare('DELETE FROM flow_chunk RETURNING flows, bytes, document'),
    rowsOfBatch: prepare(
      'SELECT row, id, revision, rank, bytes, document FROM alert WHERE sequence = ?',
    ),
    removeOlderRevisions: prepare(
      'DELETE FROM alert AS old WHERE sequence IS NOT NULL AND EXISTS (SELECT 1 FROM alert AS new' +
        ' WHERE new.id = old.id AND (new.sequence IS NULL OR new.sequence > old.sequence))',
    ),
    unsealAll: prepare('UPDATE alert SET sequence = NULL WHERE sequence IS NOT NULL'),
  };
}

export function readSummaries(statements: Statements): readonly SummaryRow[] {
  return statements.summaries.all().map((row) => ({
    severity: String(row['severity']) as Severity,
    namespace: String(row['namespace']),
    workload: String(row['workload']),
    count: Number(row['count']),
    firstTime: String(row['first_time']),
    lastTime: String(row['last_time']),
  }));
}

export function toAlertRow(row: Record<string, unknown>): AlertRow {
  return {
    row: Number(row['row']),
    id: String(row['id']),
    revision: Number(row['revision']),
    rank: Number(row['rank']),
    bytes: Number(row['bytes']),
    document: String(row['document']),
  };
}
