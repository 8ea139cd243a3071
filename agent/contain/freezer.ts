/**
 * Freezes and thaws one container's cgroup and says whether it took.
 *
 * A freeze that is not confirmed in time is left as it is, not taken back: processes that do not
 * stop are in the middle of a system call (a process that waits for its own FUSE file can stay
 * there as long as it likes), the rest of the container stands, and each of them stops when it
 * leaves the kernel. To thaw here would let one such thread buy the whole pod its freedom. The
 * command fails, so that the collector knows that it must thaw if it wants to take it back.
 */
import type { Clock } from '../source/clock.ts';
import { below } from './cgroup-tree.ts';
import type { ContainerCgroup } from './cgroup-tree.ts';
import type { KernelFiles } from './kernel-files.ts';

/** A busy container takes some milliseconds; what needs longer than this hangs in the kernel. */
export const CONFIRM_MS = 1_000;
/** Looks come fast while the answer is expected, at first in every turn of the loop, then rarely. */
const LOOKS_AT_ONCE_MAX = 8;
const LOOK_MS = 1;
const LOOKS_FAST_MAX = 20;
const LOOK_SLOW_MS = 20;
const STATE_BYTES_MAX = 256;

/** `absent`: the container ended, or this kernel has no freezer there. */
export type FreezerState = 'thawed' | 'freezing' | 'frozen' | 'absent';

export type Confirmed = {
  readonly state: FreezerState;
  /** Of a write that failed: `EROFS`, `EACCES` … */
  readonly code: string | null;
};

const WANTED = { frozen: { 1: 'FROZEN', 2: '1' }, thawed: { 1: 'THAWED', 2: '0' } } as const;
const STATES: ReadonlyMap<string, FreezerState> = new Map([
  ['FROZEN', 'frozen'],
  ['FREEZING', 'freezing'],
  ['THAWED', 'thawed'],
]);
const CONTROL = { 1: 'freezer.state', 2: 'cgroup.freeze' } as const;

export class Freezer {
  readonly #files: KernelFiles;
  readonly #clock: Clock;

  constructor(files: KernelFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  state({ version, path }: ContainerCgroup): FreezerState {
    return version === 1 ? this.#stateOf1(path) : this.#stateOf2(path);
  }

  /** Asks for the state of all and then waits for each, so that none runs while others wait. */
  async bring(
    containers: readonly ContainerCgroup[],
    wanted: 'frozen' | 'thawed',
    withinMs: number = CONFIRM_MS,
  ): Promise<readonly Confirmed[]> {
    const untilMs = this.#clock.nowMs() + withinMs;
    const codes = containers.map((container) => this.#write(container, wanted));
    const confirmed: Confirmed[] = [];
    for (const [index, container] of containers.entries()) {
      const code = codes[index] ?? null;
      const state = code === null
        ? await this.#confirm(container, wanted, untilMs)
        : this.state(container);
      confirmed.push({ state, code: state === wanted || state === 'absent' ? null : code });
    }
    return confirmed;
  }

  #write(container: ContainerCgroup, wanted: 'frozen' | 'thawed'): string | null {
    const { version, path } = container;
    const written = this.#files.write(below(path, CONTROL[version]), WANTED[wanted][version]);
    return written.ok ? null : written.code;
  }

  async #confirm(
    container: ContainerCgroup,
    wanted: 'frozen' | 'thawed',
    untilMs: number,
  ): Promise<FreezerState> {
    for (let looks = 0; ; looks += 1) {
      const state = this.state(container);
      if (state === wanted || state === 'absent' || this.#clock.nowMs() >= untilMs) return state;
      await this.#pause(looks);
      // Version 1 does not reach a process that was forked meanwhile; asked again, it does.
      if (state === 'freezing' && container.version === 1) this.#write(container, wanted);
    }
  }

  #pause(looks: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (looks < LOOKS_AT_ONCE_MAX) this.#clock.soon(resolve);
    else this.#clock.after(looks < LOOKS_FAST_MAX ? LOOK_MS : LOOK_SLOW_MS, resolve);
    return promise;
  }

  #stateOf1(path: string): FreezerState {
    const told = this.#files.readText(below(path, 'freezer.state'), STATE_BYTES_MAX) ?? '';
    return STATES.get(told.trim()) ?? 'absent';
  }

  #stateOf2(path: string): FreezerState {
    const freeze = this.#files.readText(below(path, 'cgroup.freeze'), STATE_BYTES_MAX);
    const events = this.#files.readText(below(path, 'cgroup.events'), STATE_BYTES_MAX);
    if (freeze === null || events === null) return 'absent';
    // Also when a cgroup above it is what is frozen.
    if (/^frozen 1$/m.test(events)) return 'frozen';
    return freeze.trim() === '1' ? 'freezing' : 'thawed';
  }
}
