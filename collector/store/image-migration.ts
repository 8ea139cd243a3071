/**
 * Which images ran where. A run is ten numbers and a name; it lies with the others of its image and
 * workload, so that one question reads neighbours. `last_day` is when a name was last written.
 */
export const imageMigration = {
  number: 9,
  name: 'which images ran where',
  sql: `
    CREATE TABLE image_names (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      repository TEXT NOT NULL,
      tag TEXT NOT NULL,
      digest TEXT NOT NULL,
      last_day INTEGER NOT NULL,
      UNIQUE (repository, tag, digest)
    );
    CREATE INDEX image_names_digest ON image_names (digest);
    CREATE TABLE image_owners (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      cluster TEXT NOT NULL,
      namespace TEXT NOT NULL,
      workload TEXT NOT NULL,
      last_day INTEGER NOT NULL,
      UNIQUE (namespace, workload, cluster)
    );
    CREATE TABLE image_nodes (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      last_day INTEGER NOT NULL,
      UNIQUE (cluster, node)
    );
    CREATE TABLE image_layer_lists (
      list TEXT PRIMARY KEY,
      layers TEXT NOT NULL,
      size INTEGER NOT NULL,
      last_day INTEGER NOT NULL
    );
    CREATE TABLE image_layer_claims (
      digest TEXT NOT NULL,
      list TEXT NOT NULL,
      source TEXT NOT NULL,
      PRIMARY KEY (digest, list)
    );
    CREATE INDEX image_layer_claims_list ON image_layer_claims (list);
    CREATE TABLE image_layers (
      layer TEXT NOT NULL,
      list TEXT NOT NULL,
      PRIMARY KEY (layer, list)
    );
    CREATE INDEX image_layers_list ON image_layers (list);
  `,
  postgres: `CREATE TABLE image_runs (${runColumns()})`,
  // Rows lie in the order of their key: half the room, and no second look-up.
  sqlite: `CREATE TABLE image_runs (${runColumns()}) WITHOUT ROWID`,
};

function runColumns(): string {
  return `
    image INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    node INTEGER NOT NULL,
    pod INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    said_at INTEGER NOT NULL,
    is_ended INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (image, owner, node, pod)`;
}
