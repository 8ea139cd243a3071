import { createServer, get } from 'node:http';
import type { ClientRequest, IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { systemClock } from '../clock.ts';
import type { Scope } from '../store/desk-face.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/faces.ts';
import { CLIENTS_MAX, LiveStream } from './live-stream.ts';

type Event = { readonly id: string; readonly event: string; readonly data: string };

/** Reads until it is cut, in the middle of an event when that is where it is cut. */
class Reader {
  readonly events: Event[] = [];
  readonly request: ClientRequest;
  response: IncomingMessage | undefined;
  isEnded = false;
  #rest = '';

  constructor(url: string, last?: string, onBytes: (all: number) => void = () => undefined) {
    let bytes = 0;
    this.request = get(url, last === undefined ? {} : { headers: { 'last-event-id': last } });
    this.request.on('error', () => {
      this.isEnded = true;
    });
    this.request.on('response', (response) => {
      this.response = response;
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        bytes += Buffer.byteLength(text);
        this.#take(text);
        onBytes(bytes);
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        this.isEnded = true;
      });
    });
  }

  cut(): void {
    this.request.destroy();
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== '')?.id;
  }

  alerts(): readonly string[] {
    return this.events.filter(({ event }) => event === 'alert')
      .map(({ data }) => (JSON.parse(data) as { id: string }).id);
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (field('data') === '') continue;
      this.events.push({ id: field('id'), event: field('event'), data: field('data') });
    }
  }
}

/** A busy machine may take its time. */
const until = (condition: () => boolean): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 30_000, interval: 5 });

describe.each(storeKinds)('the live stream over %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let stream: LiveStream;
  let server: Server;
  let url: string;
  let sequence = 0;
  let reads: number[] = [];

  beforeAll(async () => {
    place = await storePlace(kind);
  });
  afterAll(() => place.remove());
  beforeEach(async () => {
    store = await openStore({ path: place.path });
    reads = [];
    await listen();
  });
  afterEach(async () => {
    stream.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await store.close();
    await place.empty();
  });

  async function listen(): Promise<void> {
    const counted = {
      onChange: (listener: () => void) => store.onChange(listener),
      newestChange: () => store.newestChange(),
      changesAfter: (position: number, limit: number) => {
        reads.push(position);
        return store.changesAfter(position, limit);
      },
    };
    stream = new LiveStream(counted, systemClock);
    server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://x');
      const last = request.headers['last-event-id'] ?? searchParams.get('after');
      const namespace = searchParams.get('namespace');
      void stream.serve(response, {
        ...(last === null ? {} : { after: Number(last) }),
        filter: namespace === null ? {} : { namespace },
        scope: async () => 'all',
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  const put = async (ids: readonly string[], over: object = {}): Promise<void> => {
    sequence += 1;
    const alerts = ids.map((id) => anAlert({ id, podUid: id, ...over }));
    await store.commitBatches([
      { cluster: 'c1', node: 'node-1', epoch: 'e1', sequence, alerts, gaps: [] },
    ]);
  };

  test('cut at any byte, many times, while alerts are written, it leaves no gap and no double',
    async () => {
      const expected = Array.from({ length: 400 }, (_, n) => `a${n}`);
      const writing = (async () => {
        for (let n = 0; n < expected.length; n += 4) await put(expected.slice(n, n + 4));
      })();
      const seen: string[] = [];
      let last = '0';
      let cuts = 0;
      // A generator of its own, so that a failure happens again.
      let state = 4_711;
      while (seen.length < expected.length) {
        state = (state * 48_271) % 2_147_483_647;
        const bytesMax = 1 + state % 40_000;
        const reader: Reader = new Reader(url, last, (all) => {
          if (all >= bytesMax) reader.cut();
        });
        await until(() =>
          reader.isEnded || seen.length + reader.alerts().length >= expected.length);
        reader.cut();
        cuts += 1;
        seen.push(...reader.alerts());
        last = reader.lastId ?? last;
      }
      await writing;
      expect(cuts).toBeGreaterThan(15);
      // Of one batch they come in the order of their ids.
      expect(seen.toSorted()).toEqual(expected.toSorted());
    }, 60_000);

  test('a hundred readers get everything, and share what is read for them', async () => {
    const readers = Array.from({ length: CLIENTS_MAX }, () => new Reader(url));
    await until(() => readers.every(({ events }) => events.length > 0));
    expect(stream.isFull).toBe(true);
    reads = [];
    for (let n = 0; n < 10; n += 1) await put([`a${n}`]);
    await until(() => readers.every((reader) => reader.alerts().length === 10));
    for (const reader of readers) {
      expect(reader.alerts()).toEqual(Array.from({ length: 10 }, (_, n) => `a${n}`));
      reader.cut();
    }
    // Alone each would have read after each commit, and again to see that there is no more.
    expect(reads.length).toBeLessThan(10 * CLIENTS_MAX);
    await until(() => stream.readerCount === 0);
  }, 60_000);

  test('a slow reader is behind, holds nobody up, fills no memory, and misses nothing', async () => {
    const slow = new Reader(`${url}?after=0`);
    const fast = new Reader(`${url}?after=0`);
    await until(() => slow.response !== undefined && fast.response !== undefined);
    slow.response?.pause();
    const long = { behaviours: [aBehaviour({ fields: { 'proc.cmdline': 'x'.repeat(60_000) } })] };
    const expected = Array.from({ length: 200 }, (_, n) => `a${String(n).padStart(3, '0')}`);
    for (let n = 0; n < expected.length; n += 20) await put(expected.slice(n, n + 20), long);
    await until(() => fast.alerts().length === expected.length);
    expect(slow.alerts().length).toBeLessThan(expected.length);
    slow.response?.resume();
    await until(() => slow.alerts().length === expected.length);
    expect(slow.alerts()).toEqual(expected);
    slow.cut();
    fast.cut();
  }, 60_000);

  test('a reader of a quiet namespace comes back far ahead of what was not for it', async () => {
    const reader = new Reader(`${url}?after=0&namespace=quiet`);
    await until(() => reader.response !== undefined);
    for (let n = 0; n < 2_500; n += 250) {
      await put(Array.from({ length: 250 }, (_, k) => `a${n + k}`));
    }
    await until(() => Number(reader.lastId ?? 0) >= 2_000);
    reader.cut();
    expect(reader.events.every(({ event }) => event === 'position')).toBe(true);
    reads = [];
    await put(['for-it'], { namespace: 'quiet' });
    const back = new Reader(`${url}?namespace=quiet`, reader.lastId);
    await until(() => back.alerts().length === 1);
    back.cut();
    expect(Math.min(...reads)).toBeGreaterThanOrEqual(2_000);
  }, 60_000);
});

test('whoever may no longer read is told so and cut off, also when nothing happens', async () => {
  const clock = new ManualClock();
  const store = await openStore({ path: ':memory:', clock });
  const stream = new LiveStream(store, clock);
  let scope: Scope | undefined = 'all';
  const server = createServer((_, response) =>
    void stream.serve(response, { filter: {}, scope: async () => scope }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reader = new Reader(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await until(() => reader.events.length > 0 && clock.pending > 0);
  clock.advance(5_000);
  await until(() => clock.pending > 0);
  expect(reader.isEnded).toBe(false);
  scope = undefined;
  clock.advance(5_000);
  await until(() => reader.isEnded);
  expect(reader.events.at(-1)?.event).toBe('end');
  stream.stop();
  await new Promise((resolve) => server.close(resolve));
  await store.close();
});
