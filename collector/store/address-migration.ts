/**
 * Which pod and service had which address when (`until_at` 0: it has it). The document is the owner
 * as far as policies need it.
 */
export const addressMigration = {
  number: 10,
  name: 'who had which address',
  sql: `
    CREATE TABLE address_spans (
      address TEXT NOT NULL,
      uid TEXT NOT NULL,
      since_at INTEGER NOT NULL,
      until_at INTEGER NOT NULL,
      document TEXT NOT NULL,
      PRIMARY KEY (address, uid)
    );
    CREATE INDEX address_spans_until ON address_spans (until_at);
    CREATE TABLE address_lists (
      number INTEGER PRIMARY KEY,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL
    )`,
};
