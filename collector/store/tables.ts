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
    workload: string;
    pod: string;
    /** What free text is looked for in. */
    words: string;
    /** How it was dealt with: the kind, the rule or window, and all of it as JSON. */
    handling: Generated<string>;
    handling_ref: Generated<string>;
    handling_document: Generated<string>;
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
  /** Narrow, for lists, with the work of people; one row per incident, with its number. */
  incident_desk: {
    number: number;
    id: string;
    incident_revision: number;
    state: string;
    severity: number;
    alert_count: number;
    /** `,shop,pay,` */
    namespaces: string;
    image: string;
    words: string;
    /** Of the work. */
    revision: number;
    /** Empty for nobody. */
    assignee: string;
    acknowledged_at: number;
    closed_at: number;
    /** What it was when it was closed: whatever is more was not looked at. */
    closed_alerts: number;
    closed_severity: number;
    work: string;
  };
  incident_notes: {
    number: Generated<number>;
    id: string;
    incident_id: string;
    kind: string;
    said_by: string;
    said_at: number;
    text: string;
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
  access_tokens: {
    id: string;
    name: string;
    hash: string;
    grants: string;
    created_by: string;
    created_at: number;
    expires_at: number;
    last_used_at: number;
    revoked_at: number;
    revoked_by: string;
  };
  access_sessions: {
    hash: string;
    holder: string;
    /** Of one token or one person: what is counted and ended together. */
    holder_key: string;
    created_at: number;
    last_seen_at: number;
    expires_at: number;
  };
  access_codes: {
    hash: string;
    token_id: string;
    expires_at: number;
  };
  access_people: {
    subject: string;
    name: string;
    /** Two people whose names differ by case alone could not be told apart. */
    folded_name: string;
    created_at: number;
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
  suppressions: {
    number: Generated<number>;
    id: string;
    ends_at: number;
    is_ended: number;
    document: string;
    hits: number;
    last_hit_at: number;
  };
  maintenance_windows: {
    number: Generated<number>;
    id: string;
    ends_at: number;
    is_ended: number;
    document: string;
  };
  cool_downs: {
    key: string;
    alert_id: string;
    incident_id: string;
    raised_at: number;
    until_at: number;
    step: number;
    last_seen: number;
    event_count: number;
  };
  /** Alerts per image and day (since 1970, of the collector's clock), by how they were handled. */
  alert_tallies: {
    image: string;
    day: number;
    handling: string;
    alerts: number;
  };
  coverage_points: {
    number: Generated<number>;
    profile_key: string;
    at: number;
    coverage: number;
    observations: number;
    pods: number;
    state: string;
  };
  outputs: {
    name: string;
    position: number;
    document: string;
  };
  output_marks: {
    output: string;
    record_id: string;
    severity: number;
    state: string;
    at: number;
  };
  dead_letters: {
    number: Generated<number>;
    output: string;
    uuid: string;
    kind: string;
    reason: string;
    detail: string;
    at: number;
    queued: number;
    document: string;
  };
  /** Nodes by the addresses that they said are theirs. */
  agent_addresses: {
    address: string;
    cluster: string;
    node: string;
    said_at: number;
  };
  /** Flows of a node and some minutes, as bytes (`flow-packing.ts`). */
  flow_chunks: {
    number: Generated<number>;
    node: number;
    /** Minutes since 1970 of its begin, and how many it spans. */
    slot: number;
    minutes: number;
    flows: number;
    bytes: Uint8Array;
  };
  /** How many flows there are, by the day (since 1970) of their slot. */
  flow_days: { day: number; minute_flows: number; hour_flows: number };
  flow_nodes: { id: Generated<number>; cluster: string; node: string };
  flow_peers: {
    id: Generated<number>;
    address: string;
    port: number;
    direction: string;
    protocol: string;
    name: string;
    /** Of arrival, since 1970. */
    last_day: number;
  };
  flow_actors: {
    id: Generated<number>;
    key: string;
    node: number;
    namespace: string;
    pod: string;
    workload: string;
    document: string;
    last_day: number;
  };
  address_spans: {
    address: string;
    uid: string;
    since_at: number;
    /** 0 while the owner has it. */
    until_at: number;
    document: string;
  };
  address_lists: { number: number; first_at: number; last_at: number };
  flow_spans: { node: number; from_at: number; to_at: number };
  flow_reach: {
    cluster: string;
    namespace: string;
    workload: string;
    address: string;
    port: number;
    protocol: string;
    name: string;
    first_at: number;
    last_at: number;
  };
  /** Names of runs; `last_day` is when one was last written, in days since 1970. */
  image_names: {
    id: Generated<number>;
    repository: string;
    tag: string;
    digest: string;
    last_day: number;
  };
  image_owners: {
    id: Generated<number>;
    cluster: string;
    namespace: string;
    workload: string;
    last_day: number;
  };
  image_nodes: { id: Generated<number>; cluster: string; node: string; last_day: number };
  /** One image in one pod. `said_at`: when its node said whether it runs; 0 for never. */
  image_runs: {
    image: number;
    owner: number;
    node: number;
    /** A hash of who it is; `name` is for people. */
    pod: number;
    first_at: number;
    last_at: number;
    said_at: number;
    is_ended: number;
    name: string;
  };
  /** Lists of layers by a hash of them, who is said to have which, and which hold a layer. */
  image_layer_lists: { list: string; layers: string; size: number; last_day: number };
  image_layer_claims: { digest: string; list: string; source: string };
  image_layers: { layer: string; list: string };
  migrations: {
    number: number;
    name: string;
    applied_at: number;
  };
};

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;
