import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/**
 * Helm from `HELM`, else from the PATH, else built once from its Go module and kept in the user's
 * cache folder. Helm keeps what it remembers below the folder given, never in the user's own.
 */
const VERSION = 'v3.22.0';
const OUTPUT_MAX = 64 * 1_024 * 1_024;

export const CHART = join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'lanner');

export function findHelm(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['HELM'] ?? '';
  if (given !== '') {
    if (!existsSync(given)) throw new Error(`HELM names no file: ${given}`);
    return given;
  }
  const found = spawnSync('sh', ['-c', 'command -v helm'], { encoding: 'utf8' }).stdout.trim();
  if (found !== '') return found;
  const caches = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(caches, 'lanner', 'helm', VERSION);
  const binary = join(folder, 'helm');
  if (!existsSync(binary)) build(folder, binary);
  return binary;
}

function build(folder: string, binary: string): void {
  process.stdout.write(`building helm ${VERSION}, once: ${binary}\n`);
  const unfinished = join(folder, `unfinished-${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  execFileSync('nice', ['-n', '10', 'go', 'install', `helm.sh/helm/v3/cmd/helm@${VERSION}`], {
    env: { ...process.env, GOBIN: unfinished, CGO_ENABLED: '0' },
    stdio: 'inherit',
  });
  renameSync(join(unfinished, 'helm'), binary);
  rmSync(unfinished, { recursive: true });
}

export type HelmRun = { readonly status: number; readonly out: string; readonly err: string };
export type Values = Readonly<Record<string, unknown>>;

export class Helm {
  readonly #binary: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(binary: string, folder: string) {
    this.#binary = binary;
    const below = (name: string): string => join(folder, 'helm', name);
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      // It keeps what the API server offers in `.kube/cache` there.
      HOME: below('home'),
      HELM_CACHE_HOME: below('cache'),
      HELM_CONFIG_HOME: below('config'),
      HELM_DATA_HOME: below('data'),
    };
  }

  /** Values go in as JSON, which is YAML, through stdin: nothing is quoted twice. */
  run(args: readonly string[], values: Values = {}): HelmRun {
    const { status, stdout, stderr, error } = spawnSync(this.#binary, [...args], {
      env: this.#env,
      encoding: 'utf8',
      input: JSON.stringify(values),
      maxBuffer: OUTPUT_MAX,
    });
    if (error !== undefined) throw error;
    return { status: status ?? -1, out: stdout, err: stderr };
  }

  /** What it printed; an error with its words when it failed. */
  ok(args: readonly string[], values: Values = {}): string {
    const { status, out, err } = this.run(args, values);
    if (status !== 0) throw new Error(`helm ${args.join(' ')}: ${err}`);
    return out;
  }
}
