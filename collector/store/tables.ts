import type { Generated, Kysely, Transaction } from 'kysely';

/** Rows as they lie in the database. `document` columns hold the whole record as JSON. */
export type Tables = {
  agents: {
    cluster: string;
    node: string;
    epoch: string;
    protocol: number;
    agent_version: string;
    falco_version: string;
    capabilities: string;
    connected_at: number;
    last_seen: number;
    heartbeat: string | null;
  };
  batches: {
    cluster: string;
    node: string;
    epoch: string;
    /** Highest committed: an agent sends its batches of one epoch in order. */
    sequence: number;
    committed_at: number;
  };
  alerts: {
    number: Generated<number>;
    id: string;
    /** Day of its first arrival, which is its partition; 0 where there are none. */
    day: number;
    revision: number;
    kind: string;
    severity: number;
    node: string;
    namespace: string;
    image: string;
    /** `,T1059.004,T1071,`: each id with a comma on both sides, so that LIKE finds whole ids. */
    techniques: string;
    incident_id: string;
    /** Highest revision that an incident has seen. */
    correlated_revision: number;
    received_at: number;
    document: string;
  };
  incidents: {
    number: Generated<number>;
    id: string;
    revision: number;
    state: string;
    namespace: string;
    updated_at: number;
    document: string;
  };
  responses: {
    number: Generated<number>;
    id: string;
    revision: number;
    state: string;
    cluster: string;
    namespace: string;
    workload: string;
    node: string;
    pod_uid: string;
    action: string;
    incident_id: string;
    executed_at: number;
    /** When it is to be taken back; 0 for never. */
    reverse_at: number;
    updated_at: number;
    document: string;
  };
  profiles: {
    key: string;
    revision: number;
    document: Uint8Array;
    updated_at: number;
  };
  gaps: {
    number: Generated<number>;
    cluster: string;
    node: string;
    from_time: string;
    to_time: string;
    cause: string;
    events_estimate: number;
    received_at: number;
  };
  audit: {
    number: number;
    at: number;
    actor: string;
    action: string;
    subject: string;
    detail: string;
    previous_hash: string;
    hash: string;
  };
  counters: {
    name: string;
    value: number;
  };
  decisions: {
    number: Generated<number>;
    id: string;
    undone: number;
    document: string;
  };
  settings: {
    name: string;
    revision: number;
    value: string;
  };
  evidence: {
    number: Generated<number>;
    response_id: string;
    name: string;
    media_type: string;
    taken_at: number;
    size: number;
    bytes: Uint8Array;
  };
  leases: {
    name: string;
    holder: string;
    expires_at: number;
  };
  changes: {
    position: number;
    kind: string;
    id: string;
  };
  /** PostgreSQL only: the partition that holds an alert, so that an id is stored once in all. */
  alert_days: {
    id: string;
    day: number;
  };
  /** PostgreSQL only: commands on their way to the replica that holds the agent's link. */
  commands: {
    number: Generated<number>;
    id: string;
    cluster: string;
    node: string;
    frame: string;
    state: string;
    outcome: string | null;
    document: Uint8Array | null;
    created_at: number;
    expires_at: number;
  };
  migrations: {
    number: number;
    name: string;
    applied_at: number;
  };
};

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;
