import type { ConfigError } from '../../config/load.ts';
import type { Clock } from '../clock.ts';
import { loadPolicy } from './load-policy.ts';
import type { LoadedPolicy, PolicyLoad } from './load-policy.ts';

/**
 * The policy in force, read again from its file every `POLL_MS`. The content is compared, not the
 * file's times: Kubernetes swaps a ConfigMap's link, and editors keep times. A file that becomes
 * invalid or unreadable changes nothing: the policy before it stays in force, and the change is
 * told once for each text. Without a file the shipped policy holds.
 */
const POLL_MS = 5_000;

export type PolicyChange =
  | { readonly kind: 'loaded'; readonly hash: string; readonly previousHash: string }
  | {
    readonly kind: 'refused';
    /** Of the text that is refused; the text itself may be anything. */
    readonly hash: string;
    readonly stays: string;
    readonly errors: readonly ConfigError[];
  };

export type PolicyFileOptions = {
  /** Empty for the shipped policy. */
  readonly file: string;
  /** Rejects or throws when it cannot be read. */
  readonly readFile: (file: string) => Promise<string>;
  readonly clock: Clock;
  /** Awaited, so that the audit has it before anything is decided under the new policy. */
  readonly onChange: (change: PolicyChange) => Promise<void>;
  /** What could not be told: it is told again at the next poll. */
  readonly onError: (error: unknown) => void;
};

export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly code = 'policy-invalid';
  readonly errors: readonly ConfigError[];

  constructor(file: string, errors: readonly ConfigError[]) {
    const all = errors.map(({ key, problem, expected }) =>
      [key, problem, expected && `(expected ${expected})`].filter(Boolean).join(' ')).join('; ');
    super(`policy.file ${file}: ${all}`);
    this.errors = errors;
  }
}

export class PolicyFile {
  readonly #options: PolicyFileOptions;
  #loaded: LoadedPolicy;
  /** What was told last, so that one broken file is one line in the log. */
  #refused = '';
  #cancel: () => void = () => undefined;
  #polling: Promise<void> = Promise.resolve();
  #isStopped = false;

  private constructor(options: PolicyFileOptions, loaded: LoadedPolicy) {
    this.#options = options;
    this.#loaded = loaded;
  }

  /** Throws `PolicyError`: a collector does not start under a policy that nobody wrote. */
  static async open(options: PolicyFileOptions): Promise<PolicyFile> {
    const text = options.file === '' ? '' : await options.readFile(options.file);
    const load = loadPolicy(options.file || 'shipped policy', text);
    if (!load.ok) throw new PolicyError(options.file, load.errors);
    const file = new PolicyFile(options, load.loaded);
    await options.onChange({ kind: 'loaded', hash: load.loaded.hash, previousHash: '' });
    if (options.file !== '') file.#watch();
    return file;
  }

  current(): LoadedPolicy {
    return this.#loaded;
  }

  get isValid(): boolean {
    return this.#refused === '';
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#polling;
  }

  #watch(): void {
    this.#cancel = this.#options.clock.after(POLL_MS, () => {
      this.#polling = this.#poll()
        .catch((error: unknown) => this.#options.onError(error))
        .finally(() => {
          if (!this.#isStopped) this.#watch();
        });
    });
  }

  async #poll(): Promise<void> {
    const { onChange } = this.#options;
    const load = await this.#read();
    if (!load.ok) {
      if (load.hash === this.#refused) return;
      const { hash, errors } = load;
      await onChange({ kind: 'refused', hash, stays: this.#loaded.hash, errors });
      this.#refused = hash;
      return;
    }
    const previousHash = this.#loaded.hash;
    const isBack = load.loaded.hash === previousHash && this.#refused !== '';
    if (load.loaded.hash === previousHash && !isBack) return;
    await onChange({ kind: 'loaded', hash: load.loaded.hash, previousHash });
    this.#loaded = load.loaded;
    this.#refused = '';
  }

  async #read(): Promise<PolicyLoad> {
    const { file, readFile } = this.#options;
    let text: string;
    try {
      text = await readFile(file);
    } catch (error) {
      const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      const errors = [{ source: file, key: '', problem, expected: '' }];
      return { ok: false, hash: 'unreadable', errors };
    }
    return loadPolicy(file, text);
  }
}
