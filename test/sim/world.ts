import './sync-zlib.ts';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Store } from '../../collector/store/faces.ts';
import { readDocument } from '../../collector/profiles/document-bytes.ts';
import { openStore } from '../../collector/store/open-store.ts';
import { Chance } from './chance.ts';
import { Ledger } from './ledger.ts';
import { Network } from './network.ts';
import { Process, START_MS, Scheduler } from './scheduler.ts';
import { SimAgent } from './sim-agent.ts';
import { SimCollector } from './sim-collector.ts';
import { behavioursIn } from './sim-learning.ts';

/**
 * One run: agents and collectors live through some minutes of faults, then everything is healed
 * and must come to rest with nothing lost, nothing doubled, and one picture of each image. The same seed is the same run.
 */
export type Outcome = {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly counts: Ledger['counts'];
  readonly steps: number;
  readonly faults: Readonly<Record<Fault, number>>;
  /** Of everything that happened, in order: two runs of one seed must agree. */
  readonly trace: readonly string[];
};

const faults = [
  'agent-crash',
  'collector-crash',
  'cut',
  'disk-full',
  'clock-leap',
] as const;
type Fault = (typeof faults)[number];

const TROUBLE_MS = 2 * 60_000;
/** Back-off of 30 s, acknowledgement time-out of 60 s, some of each. */
const REST_MS = 20 * 60_000;
/** A push every 30 s, evidence every 10 s, and a look every 10 s at what others wrote. */
const CONVERGE_MS = 10 * 60_000;
const LOOK_MS = 20_000;
const PROFILES_MAX = 100;
const FAULT_MS_MAX = 8_000;
const OUTAGE_MS_MAX = 20_000;
const LEAP_MS_MAX = 600_000;
const LARGE = 0.03;
/** The store's files on memory, where there is such a thing: a run is about order, not disks. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const SILENT = pino({ level: 'silent' });

/** `faulty` puts a wrong store between the collectors and the real one: the run must notice. */
export async function simulate(
  seed: number,
  faulty: (store: Store) => Store = (store) => store,
): Promise<Outcome> {
  const world = await World.make(seed, faulty);
  try {
    return await world.run();
  } finally {
    await world.close();
  }
}

class World {
  readonly #seed: number;
  readonly #folder: string;
  readonly #chance: Chance;
  readonly #scheduler = new Scheduler();
  readonly #ledger = new Ledger();
  readonly #store: Store;
  readonly #busy = { calls: 0 };
  readonly #agents: readonly SimAgent[];
  readonly #collectors: readonly SimCollector[];
  readonly #network: Network;
  readonly #world = new Process('world');
  readonly #faults: Record<Fault, number> = {
    'agent-crash': 0,
    'collector-crash': 0,
    cut: 0,
    'disk-full': 0,
    'clock-leap': 0,
  };
  readonly #trace: string[] = [];
  #steps = 0;
  #isTroubled = true;

  static async make(seed: number, faulty: (store: Store) => Store): Promise<World> {
    const store = await openStore({ path: ':memory:', clock: { now: () => START_MS, after: never } });
    return new World(seed, store, faulty(store));
  }

  private constructor(seed: number, store: Store, told: Store) {
    this.#seed = seed;
    this.#store = store;
    this.#chance = new Chance(seed);
    this.#folder = mkdtempSync(join(FOLDER, 'lanner-sim-'));
    this.#network = new Network(this.#scheduler, this.#chance);
    const shared = {
      scheduler: this.#scheduler,
      chance: this.#chance,
      network: this.#network,
      ledger: this.#ledger,
    };
    const isLarge = this.#chance.happens(LARGE);
    this.#agents = Array.from({ length: isLarge ? 1 : this.#chance.between(1, 4) }, (_, index) =>
      new SimAgent({ ...shared, node: `node-${index}`, folder: this.#folder, isLarge }));
    this.#collectors = Array.from({ length: this.#chance.between(1, 3) }, (_, index) =>
      new SimCollector({
        ...shared,
        name: `collector-${index}`,
        store: told,
        log: SILENT,
        busy: this.#busy,
      }));
    for (const collector of this.#collectors) this.#network.add(collector);
  }

  async run(): Promise<Outcome> {
    for (const collector of this.#collectors) collector.start();
    for (const agent of this.#agents) agent.start();
    this.#nextFault();
    await this.#runUntil(TROUBLE_MS, () => false);
    this.#heal();
    const isResting = await this.#runUntil(TROUBLE_MS + REST_MS, () =>
      this.#agents.every((agent) => agent.isDrained));
    if (!isResting) this.#ledger.wrong('the agents did not come to rest');
    await this.#ledger.check(this.#store);
    const isOfOneMind = await this.#convergesBy(this.#scheduler.nowMs + CONVERGE_MS);
    if (!isOfOneMind) this.#ledger.wrong('the profiles of the fleet did not become the same');
    return {
      seed: this.#seed,
      problems: this.#ledger.problems,
      counts: this.#ledger.counts,
      steps: this.#steps,
      faults: this.#faults,
      trace: this.#trace,
    };
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.crash();
    await this.#store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** All agents that know an image know the same of it, and the store does. */
  async #convergesBy(untilMs: number): Promise<boolean> {
    while (this.#scheduler.nowMs < untilMs) {
      await this.#runUntil(this.#scheduler.nowMs + LOOK_MS, () => false);
      if (await this.#isOfOneMind()) return true;
    }
    return false;
  }

  async #isOfOneMind(): Promise<boolean> {
    const views = this.#agents.map((agent) => agent.known());
    for (const { key, document } of await this.#store.listProfiles({ limit: PROFILES_MAX })) {
      const read = await readDocument(document);
      if (!read.ok) return false;
      const stored = behavioursIn(read.document);
      const known = views.flatMap((view) => view.get(key) ?? []);
      if (known.some((view) => view !== stored)) return false;
    }
    return true;
  }

  async #runUntil(untilMs: number, isDone: () => boolean): Promise<boolean> {
    while (!isDone()) {
      if (!this.#scheduler.step(untilMs)) return isDone();
      this.#steps += 1;
      await this.#settle();
    }
    return true;
  }

  /** What the step set going in promises and in the store is over before time goes on. */
  async #settle(): Promise<void> {
    do {
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (this.#busy.calls > 0);
  }

  #nextFault(): void {
    this.#scheduler.after(this.#chance.between(100, FAULT_MS_MAX), this.#world, () => {
      if (!this.#isTroubled) return;
      this.#happen(this.#chance.oneOf(faults));
      this.#nextFault();
    });
  }

  #happen(fault: Fault): void {
    this.#faults[fault] += 1;
    const agent = this.#chance.oneOf(this.#agents as readonly [SimAgent, ...SimAgent[]]);
    const collector = this.#chance.oneOf(
      this.#collectors as readonly [SimCollector, ...SimCollector[]],
    );
    this.#note(`${fault} ${agent.name} ${collector.name}`);
    switch (fault) {
      case 'agent-crash':
        agent.crash();
        this.#afterOutage(() => {
          if (!agent.isUp) agent.start();
        });
        return;
      case 'collector-crash':
        collector.crash();
        this.#afterOutage(() => {
          if (!collector.isUp) collector.start();
        });
        return;
      case 'cut':
        this.#network.cut(agent.name, collector.name);
        this.#afterOutage(() => this.#network.heal());
        return;
      case 'disk-full':
        agent.isDiskFull = true;
        this.#afterOutage(() => {
          agent.isDiskFull = false;
        });
        return;
      case 'clock-leap':
        agent.leap(this.#chance.between(-LEAP_MS_MAX, LEAP_MS_MAX));
        collector.leap(this.#chance.between(-LEAP_MS_MAX, LEAP_MS_MAX));
    }
  }

  #afterOutage(mend: () => void): void {
    this.#scheduler.after(this.#chance.between(10, OUTAGE_MS_MAX), this.#world, mend);
  }

  #heal(): void {
    this.#isTroubled = false;
    this.#note('healed');
    this.#network.heal();
    for (const collector of this.#collectors) if (!collector.isUp) collector.start();
    for (const agent of this.#agents) {
      agent.isDiskFull = false;
      agent.isQuiet = true;
      if (!agent.isUp) agent.start();
    }
  }

  #note(what: string): void {
    const { raised, batches, duplicates } = this.#ledger.counts;
    this.#trace.push(
      `${(this.#scheduler.nowMs / 1_000).toFixed(3)} s  ${what}  ` +
        `(${raised} raised, ${batches} batches, ${duplicates} again)`,
    );
  }
}

const never = (): (() => void) => () => undefined;
