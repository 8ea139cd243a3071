import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Program, answers, freePort } from '../outputs/program.ts';

/** Debian's Prometheus, scraping two targets once a second. */
export type Target = { readonly job: string; readonly address: string; readonly token?: string };

export type Sample = {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
};
export type LoadedRule = {
  readonly name: string;
  readonly state: string;
  readonly health: string;
  readonly lastError?: string;
};

export class Prometheus {
  readonly #program: Program;
  readonly #url: string;

  private constructor(program: Program, url: string) {
    this.#program = program;
    this.#url = url;
  }

  static async start(
    folder: string,
    targets: readonly Target[],
    ruleFile: string,
  ): Promise<Prometheus> {
    const file = join(folder, 'prometheus.json');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [ruleFile],
      scrape_configs: targets.map(({ job, address, token }) => ({
        job_name: job,
        static_configs: [{ targets: [address], labels: { node: 'node-a' } }],
        ...(token === undefined ? {} : { authorization: { credentials: token } }),
      })),
    }));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const program = new Program('prometheus', [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    await program.until(() => answers(`${url}/-/ready`));
    return new Prometheus(program, url);
  }

  /** Rejects with Prometheus' own words when the query is wrong. */
  async query(expr: string): Promise<readonly Sample[]> {
    const response = await fetch(`${this.#url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    const reply = await response.json() as {
      readonly status: string;
      readonly error?: string;
      readonly data?: { readonly result: readonly Sample[] };
    };
    if (reply.status !== 'success') throw new Error(`${expr}: ${reply.error}`);
    return reply.data?.result ?? [];
  }

  async rules(): Promise<readonly LoadedRule[]> {
    const response = await fetch(`${this.#url}/api/v1/rules`);
    const { data } = await response.json() as {
      readonly data: { readonly groups: readonly { readonly rules: readonly LoadedRule[] }[] };
    };
    return data.groups.flatMap((group) => group.rules);
  }

  stop(): Promise<void> {
    return this.#program.end();
  }
}
