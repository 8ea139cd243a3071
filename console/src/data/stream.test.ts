import { expect, test } from 'vitest';

import { EventLines } from './event-lines.ts';
import { Stream } from './stream.ts';
import type { StreamState } from './stream.ts';

/** A collector that a test speaks for: each connection is a body it can write and cut. */
class Server {
  readonly asked: Headers[] = [];
  readonly #bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
  #status = 200;
  #wake = (): void => undefined;

  readonly fetch = (async (_: string, init: RequestInit) => {
    this.asked.push(new Headers(init.headers));
    this.#wake();
    if (this.#status === 0) throw new TypeError('network');
    if (this.#status !== 200) {
      return new Response(JSON.stringify({ error: { code: 'x', message: '' } }),
        { status: this.#status });
    }
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void this.#bodies.push(controller),
    });
    init.signal?.addEventListener('abort', () => this.cut());
    return new Response(body, { status: 200 });
  }) as typeof fetch;

  answer(status: number): void {
    this.#status = status;
  }

  write(text: string): void {
    this.#bodies.at(-1)?.enqueue(new TextEncoder().encode(text));
  }

  cut(): void {
    this.#bodies.pop()?.error(new TypeError('cut'));
  }

  async asks(count: number): Promise<void> {
    while (this.asked.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function rig() {
  const server = new Server();
  const timers = new Map<() => void, number>();
  let nowMs = 1_000_000;
  const stream = new Stream({
    fetch: server.fetch,
    now: () => nowMs,
    after: (ms, run) => {
      timers.set(run, nowMs + ms);
      return () => void timers.delete(run);
    },
  });
  const states: StreamState[] = [];
  const seen: string[] = [];
  let resets = 0;
  let wake = (): void => undefined;
  stream.listen({
    onState: (state) => {
      states.push(state);
      wake();
    },
    onMessages: (messages) => {
      seen.push(...messages.map(({ id }) => id));
      wake();
    },
    onReset: () => void (resets += 1),
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const [run, atMs] of [...timers]) {
      if (atMs > nowMs) continue;
      timers.delete(run);
      run();
    }
  };
  return { server, stream, states, seen, until, pass, resets: () => resets };
}

const event = (id: number): string => `id: ${id}\nevent: alert\ndata: {}\n\n`;

test('events come whole however the bytes were cut', () => {
  const text = `retry: 2000\n\n: still here\n\n${event(1)}id: 2\nevent: gap\ndata: {"a":\ndata: 1}\n\n`;
  const lines = new EventLines();
  const messages = [...text].flatMap((character) => lines.push(character));
  expect(messages).toEqual([
    { id: '1', event: 'alert', data: '{}' },
    { id: '2', event: 'gap', data: '{"a":\n1}' },
  ]);
});

test('after a cut it goes on behind the last event it has seen', async () => {
  const { server, stream, states, seen, until, pass } = rig();
  stream.start();
  await server.asks(1);
  server.write(event(7) + event(8));
  await until(() => seen.length === 2);
  server.cut();
  await until(() => states.at(-1)?.kind === 'cut');
  pass(500);
  await server.asks(2);
  expect(server.asked.map((headers) => headers.get('last-event-id'))).toEqual([null, '8']);
  stream.stop();
});

test('it waits longer each time, and says since when it is cut', async () => {
  const { server, stream, states, until, pass } = rig();
  server.answer(0);
  stream.start();
  await until(() => states.length === 1);
  for (const [index, ms] of [500, 1_000, 2_000, 5_000, 10_000, 10_000].entries()) {
    pass(ms - 1);
    expect(server.asked.length).toBe(index + 1);
    pass(1);
    await until(() => states.length === index + 2);
  }
  expect(new Set(states.map((state) => state.kind === 'cut' && state.sinceMs))).toEqual(
    new Set([1_000_000]));
  stream.stop();
});

test('silence is a cut', async () => {
  const { server, stream, states, until, pass } = rig();
  stream.start();
  await until(() => states.at(-1)?.kind === 'live');
  pass(40_000);
  await until(() => states.at(-1)?.kind === 'cut');
  expect(server.asked.length).toBe(1);
  stream.stop();
});

test('a session that ended ends the stream: it does not knock for ever', async () => {
  const { server, stream, states, until, pass } = rig();
  server.answer(401);
  stream.start();
  await until(() => states.length === 1);
  expect(states).toEqual([{ kind: 'ended', why: 'signed-out' }]);
  pass(600_000);
  expect(server.asked.length).toBe(1);
});

test('another store voids what is held', async () => {
  const { server, stream, seen, until, resets } = rig();
  stream.start();
  await server.asks(1);
  server.write(`${event(9)}event: reset\ndata: {}\n\n${event(1)}`);
  await until(() => seen.length === 2);
  expect({ seen, resets: resets() }).toEqual({ seen: ['9', '1'], resets: 1 });
  stream.stop();
});
