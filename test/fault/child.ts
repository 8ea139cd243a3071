import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

/**
 * One run of a program of ours. It ends with this process, and its last words are kept for the one
 * who wants to know why it ended.
 */
const WORDS_KEPT = 2_000;

export type ChildEnd = { readonly status: number | null; readonly signal: NodeJS.Signals | null };

export class Child {
  readonly #process: ChildProcess;
  readonly #exit = (): void => void this.#process.kill('SIGKILL');
  readonly ended: Promise<ChildEnd>;
  #words = '';

  constructor(
    args: readonly string[],
    onLine: (line: string) => void,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#process = spawn(process.execPath, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    process.on('exit', this.#exit);
    const { stdin, stdout, stderr } = this.#process;
    // It was killed while it was being spoken to.
    stdin?.on('error', () => undefined);
    stderr?.on('data', (bytes: Buffer) => this.#keep(bytes.toString()));
    const lines = stdout === null ? undefined : createInterface({ input: stdout });
    lines?.on('line', (line) => {
      this.#keep(`${line}\n`);
      onLine(line);
    });
    // Its words may be read after it is gone: the end is the end of both.
    const read = new Promise<void>((resolve) => lines?.once('close', () => resolve()));
    const gone = new Promise<ChildEnd>((resolve) => {
      this.#process.once('exit', (status, signal) => resolve({ status, signal }));
    });
    this.ended = Promise.all([gone, read]).then(([end]) => {
      process.off('exit', this.#exit);
      return end;
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it wrote last. */
  get words(): string {
    return this.#words;
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  async end(signal: NodeJS.Signals): Promise<ChildEnd> {
    this.#process.kill(signal);
    return this.ended;
  }

  #keep(words: string): void {
    this.#words = (this.#words + words).slice(-WORDS_KEPT);
  }
}
