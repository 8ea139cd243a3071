import type { Clock } from '../clock.ts';
import type { ChangeStore, Lease } from '../store/faces.ts';
import { markOf } from './filter.ts';
import type { OutputPosition, OutputProgress, OutputStore } from './output-store.ts';
import type { Failure } from './sender.ts';
import type { Settled } from './settling.ts';

/**
 * Where an output is, in memory and in the store. What was sent is written at once; what was only
 * passed by is written now and then, or a narrow filter would cost a synced write per alert.
 */
const SAVE_POSITIONS = 1_000;
const SAVE_MS = 30_000;

const NOTHING_YET: OutputProgress = {
  state: 'waiting',
  sent: 0,
  failed: 0,
  deadLettered: 0,
  passedOver: 0,
  lastError: '',
  lastErrorAtMs: 0,
  lastSentAtMs: 0,
  untold: {},
  untoldSinceMs: 0,
};

export type ProgressOptions = {
  readonly name: string;
  readonly store: Pick<OutputStore, 'readOutput' | 'saveStep'> & Pick<ChangeStore, 'newestChange'>;
  readonly clock: Clock;
  readonly lease: Lease | undefined;
};

type Step = Partial<Pick<Parameters<OutputStore['saveStep']>[0], 'sent' | 'dead' | 'replayed'>>;

export class Progress {
  readonly #options: ProgressOptions;
  #current: OutputPosition | undefined;
  #saved = { position: -1, atMs: 0 };

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  get current(): OutputPosition | undefined {
    return this.#current;
  }

  get position(): number {
    return this.#loaded().position;
  }

  /** What was left out and not yet told; undefined for nothing. */
  get untold() {
    const { untold, untoldSinceMs } = this.#loaded().progress;
    return Object.keys(untold).length === 0
      ? undefined
      : { counts: untold, sinceMs: untoldSinceMs };
  }

  async load(from: 'now' | 'beginning'): Promise<void> {
    if (this.#current !== undefined) return;
    const { name, store, clock } = this.#options;
    const known = await store.readOutput(name);
    if (known !== undefined) {
      this.#current = known;
      this.#saved = { position: known.position, atMs: clock.now() };
      return;
    }
    const position = from === 'now' ? await store.newestChange() : 0;
    this.#current = { name, position, progress: NOTHING_YET };
    // At once: what comes from here on must not be missed by whoever takes over.
    await this.save();
  }

  /** Read again before the next step. */
  forget(): void {
    this.#current = undefined;
  }

  note(part: Partial<OutputProgress>): void {
    const current = this.#loaded();
    this.#current = { ...current, progress: { ...current.progress, ...part } };
  }

  sent(count: number, nowMs: number): void {
    const { sent } = this.#loaded().progress;
    this.note({ sent: sent + count, lastSentAtMs: nowMs });
  }

  failed({ detail }: Failure, nowMs: number): void {
    const { failed } = this.#loaded().progress;
    this.note({ failed: failed + 1, lastError: detail, lastErrorAtMs: nowMs });
  }

  /** Gives back how many dead letters had to go for new ones. */
  async advance(
    { position, sent, dead, counted, isAll }: Settled,
    nowMs: number,
  ): Promise<number> {
    if (isAll) this.note({ state: 'waiting' });
    if (position === undefined) return 0;
    const { progress } = this.#loaded();
    this.#current = { ...this.#loaded(), position };
    if (dead.length > 0) this.note({ deadLettered: progress.deadLettered + dead.length });
    for (const reason of ['age', 'rate'] as const) {
      this.#leaveOut(reason, counted.filter((one) => one.reason === reason).length, nowMs);
    }
    if (sent.length === 0 && dead.length === 0 && counted.length === 0) {
      const isDue = position - this.#saved.position >= SAVE_POSITIONS;
      if (isDue || nowMs - this.#saved.atMs >= SAVE_MS) await this.save();
      return 0;
    }
    return await this.#save({
      sent: sent.map((notice) => markOf(notice, nowMs)),
      dead: dead.map(({ notice, reason, detail }) => ({
        uuid: notice.uuid,
        kind: notice.kind,
        reason,
        detail,
        atMs: nowMs,
        notice,
      })),
    });
  }

  async passOver(position: number, count: number): Promise<void> {
    this.#current = { ...this.#loaded(), position };
    this.#leaveOut('lag', count, this.#options.clock.now());
    await this.#save({});
  }

  async told(): Promise<void> {
    this.note({ untold: {}, untoldSinceMs: 0 });
    await this.#save({});
  }

  async replayed(number: number): Promise<void> {
    await this.#save({ replayed: [number] });
  }

  async save(): Promise<void> {
    if (this.#current !== undefined) await this.#save({});
  }

  async saveNowAndThen(): Promise<void> {
    if (this.#options.clock.now() - this.#saved.atMs >= SAVE_MS / 3) await this.save();
  }

  #leaveOut(reason: string, count: number, nowMs: number): void {
    if (count === 0) return;
    const { untold, untoldSinceMs, passedOver } = this.#loaded().progress;
    this.note({
      passedOver: passedOver + count,
      untold: { ...untold, [reason]: (untold[reason] ?? 0) + count },
      untoldSinceMs: untoldSinceMs || nowMs,
    });
  }

  async #save({ sent = [], dead = [], replayed = [] }: Step): Promise<number> {
    const { store, clock, lease } = this.#options;
    const output = this.#loaded();
    const lost = await store.saveStep({ output, sent, dead, replayed, lease });
    this.#saved = { position: output.position, atMs: clock.now() };
    return lost;
  }

  #loaded(): OutputPosition {
    if (this.#current === undefined) throw new Error('the position was used before it was read');
    return this.#current;
  }
}
