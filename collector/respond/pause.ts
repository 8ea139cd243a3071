import type { Clock } from '../clock.ts';
import type { SettingStore } from './response-store.ts';

/**
 * The stop button. It lies in the store, so it survives restarts, holds for every replica and needs
 * no cluster; it is read before every beginning, not remembered. While it is pressed no containment
 * begins: proposals are still recorded, approvals are refused, what was approved and had not begun
 * is given up, and the ways back stay open.
 */
export const PAUSED_SETTING = 'response.paused';

export type Pause = {
  readonly isPaused: boolean;
  readonly by: string;
  readonly why: string;
  readonly atMs: number;
};

const RUNNING: Pause = { isPaused: false, by: '', why: '', atMs: 0 };

export type PauseOptions = { readonly store: SettingStore; readonly clock: Clock };

export class PauseSwitch {
  readonly #options: PauseOptions;

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  async read(): Promise<Pause> {
    const setting = await this.#options.store.readSetting(PAUSED_SETTING);
    return setting === undefined ? RUNNING : parse(setting.value);
  }

  /** False when somebody else pressed it at the same moment: read again, and decide again. */
  async set(isPaused: boolean, { by, why }: { by: string; why: string }): Promise<boolean> {
    const { store, clock } = this.#options;
    const revision = (await store.readSetting(PAUSED_SETTING))?.revision ?? 0;
    const pause: Pause = { isPaused, by, why, atMs: clock.now() };
    return store.writeSetting(PAUSED_SETTING, pause, revision, {
      atMs: pause.atMs,
      actor: by,
      action: isPaused ? 'response.pause' : 'response.resume',
      subject: PAUSED_SETTING,
      detail: { why },
    });
  }
}

/** What cannot be read is a pressed button: somebody meant to stop something. */
function parse(value: unknown): Pause {
  const { isPaused, by, why, atMs } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return {
    isPaused: isPaused !== false,
    by: typeof by === 'string' ? by : '',
    why: typeof why === 'string' ? why : '',
    atMs: typeof atMs === 'number' ? atMs : 0,
  };
}
