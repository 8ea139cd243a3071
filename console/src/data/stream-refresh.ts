import type { QueryClient } from '@tanstack/react-query';

import type { StreamMessage } from './event-lines.ts';

/**
 * Asks again for what an event says has changed, at most every `EVERY_MS`: five hundred alerts a
 * second are five hundred reasons, not five hundred questions.
 */
const EVERY_MS = 2_000;

const TOUCHES: Readonly<Record<string, readonly string[]>> = {
  // What is asked about one alert is costly, and an incident's change follows each that matters.
  alert: ['/api/v1/alert-counts', '/api/v1/pods'],
  incident: ['/api/v1/incidents'],
  response: ['/api/v1/responses', '/api/v1/incidents', '/api/v1/audit'],
  gap: ['/api/v1/gaps', '/api/v1/nodes'],
};

export class StreamRefresh {
  readonly #client: QueryClient;
  readonly #after: (ms: number, run: () => void) => () => void;
  readonly #paths = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(client: QueryClient, after: (ms: number, run: () => void) => () => void) {
    this.#client = client;
    this.#after = after;
  }

  take(messages: readonly StreamMessage[]): void {
    for (const { event } of messages) {
      for (const path of TOUCHES[event] ?? []) this.#paths.add(path);
    }
    if (this.#paths.size > 0) this.#cancel ??= this.#after(EVERY_MS, () => this.#refresh());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #refresh(): void {
    this.#cancel = undefined;
    const starts = [...this.#paths];
    this.#paths.clear();
    void this.#client.invalidateQueries({
      predicate: ({ queryKey: [path] }) =>
        typeof path === 'string' && starts.some((start) => path.startsWith(start)),
    });
  }
}
