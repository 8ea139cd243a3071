import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { Link } from '../../agent/link/link.ts';
import { OutboxFailure } from '../../agent/outbox/failure.ts';
import { Outbox, OUTBOX_BYTES_MIN } from '../../agent/outbox/outbox.ts';
import { alertWith } from '../../agent/outbox/sample-alerts.ts';
import { Raising } from '../../agent/raising.ts';
import type { Gap } from '../../agent/source/event.ts';
import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';
import type { Chance } from './chance.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './network.ts';
import { Process, START_MS } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { SimFlows } from './sim-flows.ts';
import { SimLearning } from './sim-learning.ts';

/**
 * The parts of an agent that the fleet hangs on, as they are: raising, outbox (on a real file),
 * link, and what it learns and exchanges. What it raises and which holes it notes is written into
 * the ledger once it is on disk; what it has learned and not yet sent dies with it.
 */
export type SimAgentOptions = {
  readonly node: string;
  readonly folder: string;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly ledger: Ledger;
  /** Alerts so large that an outage fills the outbox. */
  readonly isLarge: boolean;
};

type Running = {
  readonly outbox: Outbox;
  readonly link: Link;
  readonly raising: Raising;
  readonly learning: SimLearning;
  readonly flows: SimFlows;
};

const NS_PER_MS = 1_000_000n;
const TAKE_MS = 200;
const LIVE_MS_MAX = 4_000;
const GATHER_MS = 10_000;
const MOMENT_MS_MAX = 4_000;
const ALERTS_PER_MOMENT_MAX = 4;
const REVISED = 0.3;
const GAP = 0.05;
const FLOWS = 0.5;
const URGENT = 0.3;
const REVISED_LAST = 20;
/** Some forty of them fill the smallest outbox. */
const LARGE_TEXT = 'read the file '.repeat(280);
const LARGE_BEHAVIOURS = 50;

export class SimAgent {
  readonly name: string;
  readonly #options: SimAgentOptions;
  readonly #path: string;
  #process: Process;
  #running: Running | null = null;
  readonly #revisable: Alert[] = [];
  #born = 0;
  #epochs = 0;
  #ports = 0;
  isDiskFull = false;
  isQuiet = false;

  constructor(options: SimAgentOptions) {
    this.#options = options;
    this.name = options.node;
    this.#path = join(options.folder, `${options.node}.db`);
    this.#process = new Process(options.node);
  }

  get isUp(): boolean {
    return this.#running !== null;
  }

  /** What this agent knows of each image, without who said so. */
  known(): ReadonlyMap<string, string> {
    return this.#running?.learning.known() ?? new Map();
  }

  /** Linked, and nothing waits. */
  get isDrained(): boolean {
    const running = this.#running;
    if (running === null || !running.link.counts().isLinked) return false;
    return running.outbox.isEmpty() && running.raising.counts().held === 0 &&
      !running.flows.isWaiting;
  }

  start(): void {
    const { scheduler, chance, network, node } = this.#options;
    const process = new Process(node);
    process.skewMs = this.#process.skewMs;
    this.#process = process;
    const clock = scheduler.agentClock(process);
    const outbox = this.#openOutbox(() => clock.nowNs());
    const raising = new Raising(outbox, () => undefined);
    const { ledger } = this.#options;
    const flows = new SimFlows(outbox, raising, { chance, nextPort: () => (this.#ports += 1) });
    const learning = new SimLearning(node, chance, (problem) => ledger.wrong(problem));
    const link = new Link({
      address: 'simulated',
      credentials: () => credentials.createInsecure(),
      outbox,
      evidence: learning.box,
      clock,
      random: chance.unit,
      hello: () => ({
        cluster: 'sim',
        node,
        agentVersion: '0.0.0',
        falcoVersion: '',
        capabilities: [],
      }),
      heartbeat: () => this.#heartbeat(rfc3339(clock.nowNs())),
      onProfile: (frame) => void learning.adopt(frame),
      onDecisions: (frame) => learning.decide(frame),
      onCommand: () => Promise.reject(new Error('no commands in the simulation')),
      onState: () => undefined,
      onOutboxFailure: () => undefined,
      dial: (_address, _credentials, on) => network.dial(process, on),
    });
    this.#running = { outbox, link, raising, learning, flows };
    link.start();
    this.#moment();
    this.#take();
    this.#live();
    this.#gather();
  }

  /** kill -9: what is not on disk is gone, and no timer fires any more. */
  crash(): void {
    if (this.#running === null) return;
    this.#process.isAlive = false;
    this.#options.network.processDied(this.#process);
    this.#running.outbox.close();
    this.#running = null;
  }

  leap(ms: number): void {
    this.#process.skewMs += ms;
  }

  destroy(): void {
    this.crash();
    for (const end of ['', '-wal', '-shm']) rmSync(this.#path + end, { force: true });
  }

  #openOutbox(nowNs: () => bigint): Outbox {
    const { node, ledger } = this.#options;
    return new SimOutbox(
      {
        path: this.#path,
        cluster: 'sim',
        node,
        newEpoch: () => `${node}-${(this.#epochs += 1)}`,
        redact: { flags: new Set() },
        bytesMax: OUTBOX_BYTES_MIN,
        nowNs,
        onReplaced: (failure) => ledger.wrong(`${node}: the outbox broke: ${failure.message}`),
      },
      () => this.isDiskFull,
      (chunk) => ledger.flows.sent(node, chunk),
    );
  }

  /** Now and then something happens on the node. */
  #moment(): void {
    const { scheduler, chance } = this.#options;
    scheduler.after(chance.between(50, MOMENT_MS_MAX), this.#process, () => {
      if (this.isQuiet) return;
      if (chance.happens(GAP)) this.#noteGap();
      const alerts = Array.from({ length: chance.between(1, ALERTS_PER_MOMENT_MAX) }, () =>
        this.#nextAlert());
      this.#raise(alerts);
      if (chance.happens(FLOWS)) this.#countFlows();
      this.#moment();
    });
  }

  #countFlows(): void {
    const nowNs = this.#options.scheduler.agentClock(this.#process).nowNs();
    this.#running?.flows.count(Number(nowNs / NS_PER_MS));
    this.#running?.link.wake();
  }

  /** On true time: what skewed clocks do to learning is the baseline's own affair. */
  #live(): void {
    const { scheduler, chance } = this.#options;
    scheduler.after(chance.between(100, LIVE_MS_MAX), this.#process, () => {
      const nowMs = START_MS + scheduler.nowMs;
      this.#running?.learning.live(nowMs, this.isQuiet);
      this.#live();
    });
  }

  #gather(): void {
    this.#options.scheduler.after(GATHER_MS, this.#process, () => {
      const { learning, link } = this.#running ?? {};
      void learning?.gather().then((isNew) => {
        if (isNew) link?.wake();
      });
      this.#gather();
    });
  }

  /** What the disk refused is tried again, as the agent does. */
  #take(): void {
    this.#options.scheduler.after(TAKE_MS, this.#process, () => {
      this.#raise([]);
      this.#running?.flows.again();
      this.#take();
    });
  }

  #raise(alerts: readonly Alert[]): void {
    const { ledger, chance } = this.#options;
    const raised = this.#running?.raising.raise(alerts) ?? [];
    for (const alert of raised) ledger.raised(alert);
    if (raised.length > 0) this.#running?.link.wake({ isUrgent: chance.happens(URGENT) });
  }

  #noteGap(): void {
    const running = this.#running;
    if (running === null) return;
    const { scheduler, chance, ledger, node } = this.#options;
    const toNs = scheduler.agentClock(this.#process).nowNs();
    const fromNs = toNs - BigInt(chance.between(1, 5_000)) * 1_000_000n;
    const cause: Gap['cause'] = chance.oneOf(['falco-drop', 'overload', 'falco-restart']);
    const gap = { from: rfc3339(fromNs), to: rfc3339(toNs), cause, eventsEstimate: 7 };
    running.raising.raiseGap(gap);
    // On disk, not only held in memory for a better moment.
    if (running.raising.counts().gapsHeld === 0) ledger.noted(node, gap);
  }

  /** A new alert, or a later revision of one of the last. */
  #nextAlert(): Alert {
    const { chance, node, isLarge } = this.#options;
    // Folded revisions of an alert that is stored would blur the count of what was folded.
    if (!isLarge && this.#revisable.length > 0 && chance.happens(REVISED)) {
      const index = chance.between(0, this.#revisable.length - 1);
      const older = this.#revisable[index] as Alert;
      const revised = { ...older, revision: older.revision + 1, count: older.count + 1 };
      this.#revisable[index] = revised;
      return revised;
    }
    this.#born += 1;
    const [template] = alertWith().behaviours;
    const alert = alertWith({
      id: `${node}-${this.#born}`,
      cluster: 'sim',
      node,
      severity: chance.oneOf([...severities] as [Alert['severity'], ...Alert['severity'][]]),
      ...(isLarge && template !== undefined
        ? {
            behaviours: Array.from({ length: LARGE_BEHAVIOURS }, (_, index) => ({
              ...template,
              value: `${LARGE_TEXT}${index}`,
            })),
          }
        : {}),
    });
    this.#revisable.push(alert);
    if (this.#revisable.length > REVISED_LAST) this.#revisable.shift();
    return alert;
  }

  #heartbeat(time: string) {
    return {
      time,
      eventsReceived: 0,
      eventsJudged: 0,
      eventsDropped: 0,
      outboxPending: this.#running?.outbox.counts().pending ?? 0,
      lagSeconds: 0,
      images: this.#running?.learning.images ?? [],
      falcoVersion: '',
      sensorState: 'streaming' as const,
      sensorDetail: '',
    };
  }
}

/** The real outbox on a disk that can be full: then nothing is written, and it says so. */
class SimOutbox extends Outbox {
  readonly #isFull: () => boolean;
  readonly #onFlows: (chunk: FlowChunk) => void;

  constructor(
    options: ConstructorParameters<typeof Outbox>[0],
    isFull: () => boolean,
    onFlows: (chunk: FlowChunk) => void,
  ) {
    super(options);
    this.#isFull = isFull;
    this.#onFlows = onFlows;
  }

  override putFlows(chunks: readonly FlowChunk[]): void {
    this.#write();
    super.putFlows(chunks);
    for (const chunk of chunks) this.#onFlows(chunk);
  }

  override put(alerts: readonly Alert[]): void {
    this.#write();
    super.put(alerts);
  }

  override seal(): ReturnType<Outbox['seal']> {
    this.#write();
    return super.seal();
  }

  override acknowledge(epoch: string, sequence: number): ReturnType<Outbox['acknowledge']> {
    this.#write();
    return super.acknowledge(epoch, sequence);
  }

  override addGap(gap: Parameters<Outbox['addGap']>[0]): void {
    this.#write();
    super.addGap(gap);
  }

  #write(): void {
    if (this.#isFull()) {
      throw new OutboxFailure('outbox-io', { cause: new Error('database or disk is full') });
    }
  }
}
