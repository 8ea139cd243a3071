/**
 * `node test/bench/agent/overload.ts`: twice as many events as the agent can take, for as long as
 * it needs to fall behind, with a Falco process and an agent process. Asserts that reading never
 * stops, that what goes goes by class and executions never, that the hole is told with its span,
 * and that the agent judges everything again as soon as it has caught up. Ends with 1 if not so.
 *
 * Nothing here waits for a time: each phase ends with what it is about, or fails at `PHASE_MS_MAX`.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { CALM_LAG_MS } from '../../../agent/shedding.ts';
import { writeLearned } from './learned.ts';
import type { Look, Sent } from './overload-orders.ts';

const IMAGES = 20;
const BEHAVIOURS = 500;
const FLEET = { images: IMAGES, podsPerImage: 2, linesPerPod: 200 };
const PHASE_MS_MAX = 300_000;
const CAPACITY_EVENTS = 150_000;
const OVERLOAD = 2;
const CALM_EVENTS_PER_SECOND = 500;
/** So much of it is seen to be shed before the flood ends. */
const SHED_MIN = 20_000;
/** A process may have to wait for a processor that long on a busy machine. */
const PAUSE_MS_MAX = 3_000;
const RECOVERY_MS_MAX = 1_000;

type Waiting = {
  readonly isOver: (look: Look) => boolean;
  readonly go: (look: Look) => void;
};

class Bench {
  readonly #children: ChildProcess[] = [];
  readonly #waiting: Waiting[] = [];
  readonly looks: Look[] = [];
  /** The longest time without an event although some waited. */
  pauseMsMax = 0;
  isLoaded = false;
  #heardMs = 0;
  #falco: ChildProcess | null = null;

  async start(folder: string): Promise<void> {
    const learned = join(folder, 'learned.json');
    writeLearned(learned, BEHAVIOURS);
    const path = join(folder, 'falco.sock');
    const falco = this.#fork('./overload-falco.ts');
    this.#falco = falco;
    falco.send({ socket: `unix://${path}`, fleet: FLEET });
    await once(falco);
    const agent = this.#fork('./overload-agent.ts', ['--max-semi-space-size=8']);
    agent.send({ socket: `unix://${path}`, learned, images: IMAGES });
    agent.on('message', (look: Look) => this.#note(look));
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  rate(eventsPerSecond: number | null): void {
    this.#falco?.send({ eventsPerSecond });
  }

  async sent(): Promise<Sent> {
    assert(this.#falco !== null, 'it was started');
    this.#falco.send('tell');
    return (await once(this.#falco)) as Sent;
  }

  async until(what: string, isOver: (look: Look) => boolean): Promise<Look> {
    const { promise, resolve, reject } = Promise.withResolvers<Look>();
    const late = (): void => reject(new Error(`it never came to this: ${what}`));
    const timer = setTimeout(late, PHASE_MS_MAX);
    this.#waiting.push({ isOver, go: resolve });
    return promise.finally(() => clearTimeout(timer));
  }

  #note(look: Look): void {
    const before = this.looks.at(-1);
    this.looks.push(look);
    if (before === undefined || look.received > before.received || !this.isLoaded) {
      this.#heardMs = look.atMs;
    } else {
      this.pauseMsMax = Math.max(this.pauseMsMax, look.atMs - this.#heardMs);
    }
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.isOver(look)) waiting.go(look);
      else this.#waiting.push(waiting);
    }
  }

  #fork(program: string, execArgv: readonly string[] = []): ChildProcess {
    const child = fork(new URL(program, import.meta.url), { execArgv: [...execArgv] });
    child.once('exit', (code) => {
      if (code !== null && code !== 0) throw new Error(`${program} ended with ${code}`);
    });
    this.#children.push(child);
    return child;
  }
}

function once(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve));
}

type Found = {
  readonly capacity: number;
  /** Before the flood, at its end, when it had caught up, and when nothing more came. */
  readonly before: Look;
  readonly flooded: Look;
  readonly caughtUp: Look;
  readonly last: Look;
  readonly sent: Sent;
};

async function overload(bench: Bench): Promise<Found> {
  const there = await bench.until('the agent is there', () => true);
  bench.rate(null);
  const begun = await bench.until('events come', ({ received }) => received > there.received);
  const before = await bench.until('it is known what it takes', ({ received }) =>
    received >= begun.received + CAPACITY_EVENTS);
  const capacity = perSecond(begun, before);
  tell(`takes ${capacity} events a second, ${cpuOf(begun, before)} of CPU each`);
  bench.rate(OVERLOAD * capacity);
  bench.isLoaded = true;
  const flooded = await bench.until('it sheds', ({ shed }) => sumOf(shed) >= SHED_MIN);
  bench.isLoaded = false;
  bench.rate(CALM_EVENTS_PER_SECOND);
  tell(`behind by ${flooded.lagSeconds.toFixed(1)} s after ${seconds(before, flooded)} s of ` +
    `${OVERLOAD * capacity} a second; shed ${JSON.stringify(flooded.shed)}`);
  const caughtUp = await bench.until('it has caught up', ({ lagSeconds }) =>
    lagSeconds < CALM_LAG_MS / 1_000);
  tell(`caught up ${seconds(flooded, caughtUp)} s after the flood at ` +
    `${perSecond(flooded, caughtUp)} a second, ${cpuOf(flooded, caughtUp)} of CPU each; ` +
    `shed ${JSON.stringify(caughtUp.shed)}`);
  const next = caughtUp.received + 2 * CALM_EVENTS_PER_SECOND;
  await bench.until('it goes on', ({ received }) => received >= next);
  bench.rate(0);
  const { sent } = await bench.sent();
  const all = sent.exec + sent.other;
  const last = await bench.until('all has come', ({ received }) => received >= all);
  return { capacity, before, flooded, caughtUp, last, sent: await bench.sent() };
}

function check({ before, flooded, caughtUp, last, sent }: Found, bench: Bench): void {
  const shed = sumOf(last.shed);
  tell(`in all ${last.received} events, ${shed} shed, ${last.execs} of ${sent.sent.exec} ` +
    `executions judged; longest pause of reading ${Math.round(bench.pauseMsMax)} ms`);
  assert.equal(last.received, sent.sent.exec + sent.sent.other, 'all that was sent was read');
  assert.equal(last.received, last.judged + shed, 'each event is judged or counted as shed');
  assert.ok(bench.pauseMsMax < PAUSE_MS_MAX, 'reading never stops');
  assert.equal(sumOf(before.shed), 0, 'what it can take is not shed');
  assert.equal(last.execs, sent.sent.exec, 'no execution is shed');
  for (const { shed: { read, file, network } } of bench.looks) {
    assert.ok(file === 0 || read > 0, 'reads go before files');
    assert.ok(network === 0 || file > 0, 'files go before connections');
  }
  assert.ok(last.gaps.length > 0, 'the hole is told');
  assert.equal(last.gaps.reduce((sum, { events }) => sum + events, 0), shed, 'and how large it is');
  for (const { fromMs, toMs, events } of last.gaps) {
    tell(`gap of ${((toMs - fromMs) / 1_000).toFixed(1)} s, ${events} events`);
    assert.ok(toMs > fromMs, 'and from when to when');
  }
  const well = bench.looks.find(({ atMs, lagSeconds }) =>
    atMs >= caughtUp.atMs && lagSeconds < WELL_S);
  assert.ok(well !== undefined, 'it is well again');
  tell(`well again ${Math.round(well.atMs - caughtUp.atMs)} ms after it had caught up`);
  assert.ok(well.atMs - caughtUp.atMs < RECOVERY_MS_MAX, 'at once');
  assert.equal(shed, sumOf(well.shed), 'and everything is judged again');
  assert.ok(flooded.received > before.received);
}

const WELL_S = 0.25;
const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const sumOf = ({ read, file, network }: Look['shed']): number => read + file + network;
const seconds = (from: Look, to: Look): string => ((to.atMs - from.atMs) / 1_000).toFixed(1);
const perSecond = (from: Look, to: Look): number =>
  Math.round(((to.received - from.received) * 1_000) / (to.atMs - from.atMs));
const cpuOf = (from: Look, to: Look): string =>
  `${(((to.cpuMs - from.cpuMs) * 1_000) / (to.received - from.received)).toFixed(1)} µs`;

const folder = mkdtempSync(join(tmpdir(), 'lanner-overload-'));
const bench = new Bench();
try {
  await bench.start(folder);
  check(await overload(bench), bench);
  tell('as it should be');
} catch (error) {
  process.exitCode = 1;
  console.error(error);
} finally {
  bench.stop();
  rmSync(folder, { recursive: true, force: true });
}
