/** Reads server-sent events for a test, and can be cut off in the middle. */
export type SseEvent = { readonly id: string; readonly event: string; readonly data: unknown };

export class SseReader {
  readonly events: SseEvent[] = [];
  readonly #abort = new AbortController();
  readonly #wakeups = new Set<() => void>();
  status = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#read(url, headers).catch(() => undefined).finally(() => this.#wake());
  }

  cut(): void {
    this.#abort.abort();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#abort.signal.aborted) throw new Error('the reader was cut');
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakeups.delete(wake);
          resolve();
        };
        this.#wakeups.add(wake);
      });
    }
  }

  #wake(): void {
    for (const wake of this.#wakeups) wake();
  }

  async #read(url: string, headers: Record<string, string>): Promise<void> {
    const response = await fetch(url, { headers, signal: this.#abort.signal });
    this.status = response.status;
    this.#wake();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      rest += Buffer.from(chunk).toString();
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
      this.#wake();
    }
  }

  #take(block: string): void {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    if (field('data') === '') return;
    this.events.push({
      id: field('id'),
      event: field('event'),
      data: JSON.parse(field('data')),
    });
  }
}
