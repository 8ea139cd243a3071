import type { Logger } from 'pino';

import type { Alert, Severity, Words } from '../baseline/alert.ts';
import type { Clock } from './clock.ts';
import type { SecurityEvent, SecurityEventKind } from './link/security-event.ts';
import type { AuditStore } from './respond/response-store.ts';
import type { BatchStore } from './store/faces.ts';

/**
 * Tells the SOC of peers that spoke as who they are not: an audit record and an alert of kind
 * `sensor`, which makes an incident like any other. The same event again within `FOLD_MS` is the
 * same alert with a higher count, written at most every `WRITE_MS`: who knocks a thousand times a
 * second fills no disk.
 *
 * Bounds: `EVENTS_MAX` alerts that may still grow; above it one per kind takes the rest. What
 * cannot be written now is written with the next turn.
 */
export const FOLD_MS = 600_000;
export const WRITE_MS = 10_000;
export const EVENTS_MAX = 256;
const TEXT_CHARACTERS_MAX = 300;

export type SecurityEventsOptions = {
  readonly store: BatchStore & Pick<AuditStore, 'appendAudit'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
};

type Folded = {
  readonly id: string;
  readonly event: SecurityEvent;
  readonly firstMs: number;
  lastMs: number;
  count: number;
  revision: number;
  isDirty: boolean;
};

export class SecurityEvents {
  readonly #options: SecurityEventsOptions;
  readonly #epoch: string;
  readonly #folded = new Map<string, Folded>();
  #sequence = 0;
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: SecurityEventsOptions) {
    this.#options = options;
    this.#epoch = options.newId();
  }

  get size(): number {
    return this.#folded.size;
  }

  report(event: SecurityEvent): void {
    const nowMs = this.#options.clock.now();
    const folded = this.#fold(event, nowMs);
    folded.lastMs = nowMs;
    folded.count += 1;
    folded.isDirty = true;
    if (this.#cancel === undefined) this.#write();
  }

  /** What is not written yet is written now. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#writing;
    await this.#writeAll();
  }

  #fold(event: SecurityEvent, nowMs: number): Folded {
    const { kind, identity, cluster, node } = event;
    const key = JSON.stringify([kind, identity, cluster, node]);
    const known = this.#folded.get(key);
    if (known !== undefined && nowMs - known.lastMs < FOLD_MS) return known;
    if (known === undefined && this.#folded.size >= EVENTS_MAX) this.#forget(nowMs);
    if (known === undefined && this.#folded.size >= EVENTS_MAX && identity + cluster + node !== '') {
      const detail = 'too many different ones to tell apart';
      return this.#fold({ kind, peer: '', identity: '', cluster: '', node: '', detail }, nowMs);
    }
    const id = `link-${this.#options.newId()}`;
    const made: Folded = {
      id,
      event,
      firstMs: nowMs,
      lastMs: nowMs,
      count: 0,
      revision: 0,
      isDirty: false,
    };
    this.#folded.set(key, made);
    return made;
  }

  #forget(nowMs: number): void {
    for (const [key, { lastMs, isDirty }] of this.#folded) {
      if (!isDirty && nowMs - lastMs >= FOLD_MS) this.#folded.delete(key);
    }
  }

  /** The first at once, the next together when the time has come. */
  #write(): void {
    const { clock, log } = this.#options;
    this.#cancel = clock.after(WRITE_MS, () => {
      this.#cancel = undefined;
      const isMore = [...this.#folded.values()].some(({ isDirty }) => isDirty);
      if (isMore) this.#write();
    });
    this.#writing = (this.#writing ?? Promise.resolve())
      .then(() => this.#writeAll())
      .catch((error: unknown) => log.error({ err: error }, 'security events cannot be stored'));
  }

  async #writeAll(): Promise<void> {
    const { store, clock } = this.#options;
    for (const folded of this.#folded.values()) {
      if (!folded.isDirty) continue;
      folded.isDirty = false;
      folded.revision += 1;
      const { event, id, count } = folded;
      try {
        await store.appendAudit({
          atMs: clock.now(),
          actor: cut(event.identity || event.peer),
          action: `link.${event.kind}`,
          subject: cut(`${event.cluster}/${event.node}`),
          detail: { alertId: id, peer: event.peer, detail: cut(event.detail), count },
        });
        this.#sequence += 1;
        await store.commitBatches([{
          cluster: '',
          node: '',
          epoch: this.#epoch,
          sequence: this.#sequence,
          alerts: [alertOf(folded)],
          gaps: [],
        }]);
      } catch (error) {
        folded.isDirty = true;
        throw error;
      }
    }
  }
}

const cut = (text: string): string => text.slice(0, TEXT_CHARACTERS_MAX).toWellFormed();

const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z');

const SEVERITIES: Readonly<Record<SecurityEventKind, Severity>> = {
  'wrong-node': 'high',
  'foreign-alert': 'high',
  'wrong-cluster': 'medium',
  'identity-refused': 'medium',
};

function alertOf(folded: Folded): Alert {
  const { event, id, revision, firstMs, lastMs, count } = folded;
  return {
    id,
    revision,
    kind: 'sensor',
    severity: SEVERITIES[event.kind],
    cluster: cut(event.cluster),
    node: cut(event.node),
    namespace: '',
    pod: '',
    podUid: '',
    workload: '',
    containerId: '',
    containerName: '',
    image: { repository: '', tag: '', digest: '' },
    process: { pid: -1, name: '', exe: '', commandLine: '', uid: -1, ancestry: [] },
    behaviours: [],
    behavioursDropped: 0,
    profile: { state: 'learning', coverage: 0, observations: 0, pods: 0 },
    score: 0,
    scoreParts: [],
    techniques: [],
    firstTime: time(firstMs),
    lastTime: time(lastMs),
    count,
    reason: reasonOf(event),
  };
}

function reasonOf(event: SecurityEvent): Words {
  const who = cut(event.identity || event.peer || '?');
  const peer = event.peer === '' ? '' : ` (${event.peer})`;
  const node = `${cut(event.cluster)}/${cut(event.node)}`;
  const detail = cut(event.detail);
  switch (event.kind) {
    case 'identity-refused':
      return {
        en: `a peer${peer} that called itself the agent of ${node} was refused: ${detail}`,
        zh: `自称为 ${node} 代理的连接${peer}被拒绝：${detail}`,
      };
    case 'wrong-node':
    case 'wrong-cluster':
      return {
        en: `${who}${peer} tried to speak for ${node}: ${detail}`,
        zh: `${who}${peer} 试图冒充 ${node}：${detail}`,
      };
    case 'foreign-alert':
      return {
        en: `${who}${peer} sent an alert that names ${node}: ${detail}`,
        zh: `${who}${peer} 发送了属于 ${node} 的告警：${detail}`,
      };
  }
}
