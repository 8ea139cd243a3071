import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';

/** A collector as a process of its own, which can be killed in the middle of anything. */
export class ReplicaProcess {
  readonly #folder: string;
  readonly #settings: string;
  #child: ChildProcess | undefined;
  /** What it logged since it was started last. */
  out = '';
  link = '';
  api = '';

  constructor(folder: string, settings: Readonly<Record<string, unknown>>) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    // JSON is YAML.
    this.#settings = JSON.stringify({
      dataDir: join(folder, 'data'),
      api: { address: '127.0.0.1:0', metricsOpen: true },
      link: { address: '127.0.0.1:0' },
      ...settings,
    });
  }

  get isUp(): boolean {
    return this.link !== '';
  }

  async start(): Promise<void> {
    const file = join(this.#folder, 'collector.yaml');
    writeFileSync(file, this.#settings);
    const program = new URL('../main.ts', import.meta.url).pathname;
    const child = spawn(execPath, [program, '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {},
    });
    this.#child = child;
    this.out = '';
    await new Promise<void>((resolve, reject) => {
      const keep = (bytes: Buffer): void => {
        this.out += bytes.toString();
        const line = this.out.split('\n').find((text) => text.includes('"collector started"'));
        if (line === undefined || this.isUp) return;
        const { link, api } = JSON.parse(line) as { link: string; api: string };
        this.link = link;
        this.api = api;
        resolve();
      };
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      child.on('close', (code) => reject(new Error(`ended with status ${code}: ${this.out}`)));
    });
  }

  /** SIGKILL as the kernel does it, SIGTERM as Kubernetes does it first. */
  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.link = '';
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  }

  /** Pauses it, as a node that is out of memory does, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }
}
