import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A receiver that is somebody else's program. */
export function isInstalled(program: string, install: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (!found) process.stdout.write(`${program} is not installed: ${install}\n`);
  return found;
}

export class Program {
  readonly #child: ChildProcess;
  out = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const keep = (bytes: Buffer): void => {
      this.out += bytes.toString();
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return;
    await new Promise<void>((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.kill(signal);
    });
  }

  /** Until then it may not yet listen, answer or have written what it got. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!await condition()) {
      if (this.hasEnded) throw new Error(`it ended: ${this.out.slice(-2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** As long as it takes to say yes. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url).then((response) => response.ok, () => false);
}
