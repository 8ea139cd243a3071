import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from '../../fault/child.ts';

/** A collector with the embedded store, as the program it is, watched from outside (Linux). */
const program = join(import.meta.dirname, '../../../collector/main.ts');
/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const UTIME_INDEX = 11;

export type Usage = { readonly rssKiB: number; readonly cpuSeconds: number };

export class CollectorProcess {
  readonly #child: Child;
  readonly address: string;

  private constructor(child: Child, address: string) {
    this.#child = child;
    this.address = address;
  }

  static async start(dataDir: string, flags: readonly string[] = []): Promise<CollectorProcess> {
    const started = Promise.withResolvers<string>();
    const child = new Child([...flags, program], (line) => {
      if (!line.includes('"collector started"')) return;
      started.resolve((JSON.parse(line) as { link: string }).link);
    }, {
      LANNER_COLLECTOR_DATA_DIR: dataDir,
      LANNER_COLLECTOR_LINK_ADDRESS: '127.0.0.1:0',
      LANNER_COLLECTOR_API_ADDRESS: '127.0.0.1:0',
      LANNER_COLLECTOR_KUBE_MODE: 'off',
    });
    void child.ended.then(({ status }) => {
      started.reject(new Error(`the collector ended with status ${status}: ${child.words}`));
    });
    return new CollectorProcess(child, await started.promise);
  }

  usage(): Usage {
    const text = (file: string): string => readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8');
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(text('status'))?.[1];
    // After the name, which may hold anything but is in brackets.
    const fields = text('stat').replace(/^.*\) /s, '').split(' ');
    const ticks = Number(fields[UTIME_INDEX]) + Number(fields[UTIME_INDEX + 1]);
    return { rssKiB: Number(rss), cpuSeconds: ticks / TICKS_PER_SECOND };
  }

  /** As at the end of a pod: everything is committed and the file is closed. */
  async stop(): Promise<void> {
    const { status } = await this.#child.end('SIGTERM');
    if (status !== 0) throw new Error(`the collector stopped with ${status}: ${this.#child.words}`);
  }

  async kill(): Promise<void> {
    await this.#child.end('SIGKILL');
  }
}
