/** Where each output is in the stream of changes, what it last sent of a record, what was refused. */
export const outputMigration = {
  number: 6,
  name: 'outputs',
  sql: `
    CREATE TABLE outputs (
      name TEXT PRIMARY KEY,
      position INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE TABLE output_marks (
      output TEXT NOT NULL,
      record_id TEXT NOT NULL,
      severity INTEGER NOT NULL,
      state TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (output, record_id)
    );
    CREATE INDEX output_marks_at ON output_marks (output, at);
    CREATE TABLE dead_letters (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      output TEXT NOT NULL,
      uuid TEXT NOT NULL,
      kind TEXT NOT NULL,
      reason TEXT NOT NULL,
      detail TEXT NOT NULL,
      at INTEGER NOT NULL,
      queued INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE INDEX dead_letters_output ON dead_letters (output, number);
    CREATE INDEX dead_letters_queued ON dead_letters (output, number) WHERE queued = 1;
  `,
};
