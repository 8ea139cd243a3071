import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledPrograms } from './bundled-programs.ts';
import type { FalcoOrders } from './falco-program.ts';
import { writeLearned } from './learned.ts';
import type { Measured, Orders, Variant } from './orders.ts';

/** One measurement: a Falco process, a consumer process, and what the consumer reports. */
export type Run = {
  readonly variant: Variant;
  readonly images: number;
  /** Per image. */
  readonly behaviours: number;
  readonly events: number;
  readonly warmUp: number;
  /** Null: as fast as the consumer reads. */
  readonly eventsPerSecond: number | null;
  /** Distinct events of a pod; by default as many as `LINES_MAX` leaves room for. */
  readonly linesPerPod?: number;
  readonly samples?: number;
};

/** As the chart and the image have it. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };
const AGENT_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=20'];
const PODS_PER_IMAGE = 2;
/** So many distinct events altogether: what the Falco process holds encoded. */
const LINES_MAX = 24_000;
const LINES_PER_POD_MAX = 400;
const LINES_PER_POD_MIN = 20;
const ANOMALOUS_ONE_IN = 1_000;
/** Fifty million events at ten thousand a second, and half as much again. */
const RUN_MS_MAX = 7_200_000;

export async function measure(run: Run): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-'));
  const children: ChildProcess[] = [];
  const start = (program: string, execArgv: readonly string[] = []): ChildProcess => {
    const child = fork(program, { execArgv: [...execArgv], env: { ...process.env, ...ENVIRONMENT } });
    children.push(child);
    return child;
  };
  try {
    return await measureIn(folder, run, start);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

type Start = (program: string, execArgv?: readonly string[]) => ChildProcess;

async function measureIn(folder: string, run: Run, start: Start): Promise<Measured> {
  const { variant, images, warmUp, events, eventsPerSecond, samples = 0 } = run;
  const programs = await bundledPrograms();
  const learned = learnedFile(run.behaviours);
  const socket = `unix://${join(folder, 'falco.sock')}`;
  const consume = async (): Promise<{ port: number; measured: Promise<Measured> }> => {
    const profiling = process.env['LANNER_BENCH_FLAGS']?.split(' ') ?? [];
    const flags = variant.startsWith('pipeline') || variant === 'http' ? AGENT_FLAGS : [];
    const consumer = start(programs.consumer, ['--expose-gc', ...flags, ...profiling]);
    const isPaced = eventsPerSecond !== null;
    const orders: Orders = { variant, socket, images, learned, warmUp, events, isPaced, samples };
    consumer.send(orders);
    const { port } = await message<{ port: number }>(consumer);
    return { port, measured: measuredBy(consumer) };
  };
  const feed = async (postTo: number | null): Promise<void> => {
    const falco = start(programs.falco);
    falco.send(falcoOrders(run, socket, postTo));
    await message(falco);
  };
  if (variant !== 'http' && variant !== 'httpFloor') {
    await feed(null);
    return (await consume()).measured;
  }
  const consumer = await consume();
  await feed(consumer.port);
  return consumer.measured;
}

const written = new Map<number, string>();

/** Learned once, in this process, and left there for the consumers that come. */
function learnedFile(behaviours: number): string {
  let file = written.get(behaviours);
  if (file === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    file = join(folder, 'learned.json');
    writeLearned(file, behaviours);
    written.set(behaviours, file);
  }
  return file;
}

/** And ended: it may be writing a CPU profile. */
async function measuredBy(consumer: ChildProcess): Promise<Measured> {
  const ended = new Promise((resolve) => consumer.once('exit', resolve));
  const { measured } = await message<{ measured: Measured }>(consumer);
  await ended;
  return measured;
}

function falcoOrders(run: Run, socket: string, postTo: number | null): FalcoOrders {
  const pods = run.images * PODS_PER_IMAGE;
  const share = Math.floor(LINES_MAX / pods);
  const linesPerPod = run.linesPerPod
    ?? Math.max(LINES_PER_POD_MIN, Math.min(LINES_PER_POD_MAX, share));
  return {
    fleet: { images: run.images, podsPerImage: PODS_PER_IMAGE, linesPerPod },
    socket,
    anomalousOneIn: ANOMALOUS_ONE_IN,
    eventsPerSecond: run.eventsPerSecond,
    postTo,
  };
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a program of the bench hangs')), RUN_MS_MAX);
    const onExit = (code: number | null): void => {
      clearTimeout(timer);
      reject(new Error(`a program of the bench ended with ${code}`));
    };
    child.once('exit', onExit);
    child.once('message', (value) => {
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(value as T);
    });
  });
}
