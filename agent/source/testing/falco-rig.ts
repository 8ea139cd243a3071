/** A replay Falco and sources on a socket of their own, for tests; all of it ends with the test. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, vi } from 'vitest';
import type { FalcoReplayOptions } from '../../../demo/replay-falco/falco-replay.ts';
import { FalcoReplay } from '../../../demo/replay-falco/falco-replay.ts';
import { systemClock } from '../clock.ts';
import type { FalcoEndpoint } from '../falco-endpoint.ts';
import { falcoConnector } from '../falco-endpoint.ts';
import type { FalcoGrpcOptions } from '../falco-grpc.ts';
import { FalcoGrpcSource } from '../falco-grpc.ts';
import { RecordingSink } from './recording-sink.ts';

const WAIT_MS = 20_000;

/** Conditions, not times: the machine may be slow without being wrong. */
export const until = (isTrue: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!isTrue()) throw new Error('not yet');
    },
    { timeout: WAIT_MS, interval: 5 },
  );

export const baseEvent = {
  hostname: 'node-a',
  priority: 'Debug',
  rule: 'lanner read',
  source: 'syscall',
  tags: ['lanner'],
  time: '2026-11-23T11:35:01.495234847Z',
};

/** The same as it goes over gRPC. */
export const baseContent = {
  timeNs: 1n,
  hostname: 'node-a',
  priority: 7,
  rule: 'lanner read',
  source: 'syscall',
  tags: ['lanner'],
  output: '',
  fields: [],
};

/** Numbered, so that "each exactly once, in order" can be seen. */
export const numberedLines = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({ ...baseEvent, output_fields: { number: from + index } }),
  );

export const numbersOf = (sink: RecordingSink): number[] =>
  sink.events.map(({ fields }) => Number(fields.get('number')));

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export class FalcoRig {
  dir = '';
  address = '';
  readonly #replays: FalcoReplay[] = [];
  readonly #sources: FalcoGrpcSource[] = [];

  constructor() {
    beforeEach(() => {
      this.dir = mkdtempSync(join(tmpdir(), 'lanner-falco-'));
      this.address = `unix://${join(this.dir, 'falco.sock')}`;
    });
    afterEach(async () => {
      await Promise.all(this.#sources.splice(0).map((source) => source.stop()));
      await Promise.all(this.#replays.splice(0).map((replay) => replay.stop()));
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  /** Not yet started: what is pushed before is a backlog. */
  falco(options: Partial<FalcoReplayOptions> = {}): FalcoReplay {
    const falco = new FalcoReplay({ address: this.address, ...options });
    this.#replays.push(falco);
    return falco;
  }

  async startedFalco(options: Partial<FalcoReplayOptions> = {}): Promise<FalcoReplay> {
    const falco = this.falco(options);
    await falco.start();
    return falco;
  }

  connector(endpoint: Partial<FalcoEndpoint> = {}): FalcoGrpcOptions['connect'] {
    const ports = { readFile: readFileSync, clock: systemClock };
    return falcoConnector({ address: this.address, ...endpoint }, ports);
  }

  /** Made, not started. */
  idle(options: Partial<FalcoGrpcOptions> = {}) {
    const sink = new RecordingSink();
    const agent = new FalcoGrpcSource({
      connect: this.connector(),
      sink,
      clock: systemClock,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      ...options,
    });
    this.#sources.push(agent);
    return { agent, sink };
  }

  source(options: Partial<FalcoGrpcOptions> = {}) {
    const made = this.idle(options);
    made.agent.start();
    return made;
  }
}
