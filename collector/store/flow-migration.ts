/**
 * The flow ledger. Flows lie in parts (`flow-parts.ts` makes their tables), whose rows name nodes,
 * peers and actors by number; `last_part` says in which part such a name was last used.
 */
export const flowMigration = {
  number: 7,
  name: 'the flow ledger',
  sql: `
    CREATE TABLE agent_addresses (
      address TEXT NOT NULL,
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      said_at INTEGER NOT NULL,
      PRIMARY KEY (address, cluster, node)
    );
    CREATE TABLE flow_parts (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      created_at INTEGER NOT NULL,
      flows INTEGER NOT NULL,
      first_minute INTEGER NOT NULL,
      last_minute INTEGER NOT NULL
    );
    CREATE TABLE flow_nodes (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      UNIQUE (cluster, node)
    );
    CREATE TABLE flow_peers (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      address TEXT NOT NULL,
      port INTEGER NOT NULL,
      direction TEXT NOT NULL,
      protocol TEXT NOT NULL,
      name TEXT NOT NULL,
      last_part INTEGER NOT NULL,
      UNIQUE (address, port, direction, protocol, name)
    );
    CREATE INDEX flow_peers_part ON flow_peers (last_part);
    CREATE TABLE flow_actors (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE,
      node INTEGER NOT NULL,
      namespace TEXT NOT NULL,
      pod TEXT NOT NULL,
      workload TEXT NOT NULL,
      document TEXT NOT NULL,
      last_part INTEGER NOT NULL
    );
    CREATE INDEX flow_actors_part ON flow_actors (last_part);
    CREATE TABLE flow_spans (
      node INTEGER NOT NULL,
      from_at INTEGER NOT NULL,
      to_at INTEGER NOT NULL,
      PRIMARY KEY (node, from_at)
    );
    CREATE TABLE flow_reach (
      cluster TEXT NOT NULL,
      namespace TEXT NOT NULL,
      workload TEXT NOT NULL,
      address TEXT NOT NULL,
      port INTEGER NOT NULL,
      protocol TEXT NOT NULL,
      name TEXT NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      PRIMARY KEY (namespace, workload, cluster, address, port, protocol, name)
    );
    CREATE INDEX flow_reach_last ON flow_reach (last_at);
  `,
};
