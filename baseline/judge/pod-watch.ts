import type { Channel } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { ProcessTable } from './process-table.ts';
import type { Container, Observation } from '../observation.ts';
import type { ImageProfile } from '../profile/image-profile.ts';
import { podHash } from '../profile/pod-set.ts';
import { windowOffset } from '../profile/window-offset.ts';

/**
 * What is remembered of one pod between events: its current window, what it would teach at the end
 * of it, its processes, and whether it may teach at all.
 *
 * Bounds: `NOVEL_PER_WINDOW_MAX` new behaviours a window (more are counted, not kept),
 * `FEATURES_MAX` counters, `CONTAINERS_MAX` process tables.
 */

export const NOVEL_PER_WINDOW_MAX = 1024;
const FEATURES_MAX = 64;
const CONTAINERS_MAX = 16;
const RECENT_MAX = 12;
const RECENT_MS = 60_000;
const ACTION_CHARS_MAX = 120;

/** Tells what was seen if somebody asks: the observation itself need not be made before. */
export type LastSeen = { observation(): Observation };

export type Lesson = {
  readonly behaviour: Behaviour;
  /** When it was seen first in the window, and last. */
  readonly ms: number;
  lastMs: number;
  /** No novelty that breaks a clean run; see `Item.exempt`. */
  readonly exempt: boolean;
};

export class PodWatch {
  readonly uid: string;
  readonly hash: number;
  profile: ImageProfile;
  container: Container;
  readonly startMs: number;
  /** Where in the common window its own windows begin; see `pod-windows.ts`. */
  readonly windowOffset: number;
  /** The entry point's exec was seen: the pod's age is real, not the agent's. */
  sawEntry = false;
  windowIndex: number;
  /** `late`: closed already, but more of it has come since. */
  window: 'open' | 'late' | 'closed' = 'open';
  /** Windows that were counted before it was known that events of them were lost. */
  owedWindows = 0;
  /** What was seen last: an alarm that comes with time needs something to show. */
  last: Observation | LastSeen | null = null;
  /** How often its windows were emptied. */
  clearings = 0;
  /** No longer watched: its place was needed. */
  isForgotten = false;
  /** Shiryaev–Roberts sum over windows. */
  sum = 0;
  /** Until then the pod teaches nothing: it alarmed. */
  taintedUntilMs = Number.NEGATIVE_INFINITY;
  /** Until then nothing it does joins an upgrade's diff: what alarmed cannot be a new habit. */
  suspiciousUntilMs = Number.NEGATIVE_INFINITY;
  lastMs: number;
  lessonsDropped = 0;
  readonly lessons = new Map<string, Lesson>();
  readonly novelGroups = new Map<Channel, Set<string>>();
  readonly counts = new Map<string, number>();
  readonly alarmedRates = new Set<string>();
  readonly #tables = new Map<string, ProcessTable>();
  #startedContainer = '';
  readonly #recent: { readonly ms: number; readonly text: string }[] = [];

  constructor(options: {
    readonly uid: string;
    readonly container: Container;
    readonly profile: ImageProfile;
    readonly ms: number;
    readonly windowMs: number;
  }) {
    this.uid = options.uid;
    this.hash = podHash(options.uid);
    this.container = options.container;
    this.profile = options.profile;
    this.startMs = options.ms;
    this.lastMs = options.ms;
    this.windowOffset = windowOffset(this.hash, options.windowMs);
    this.windowIndex = Math.floor((options.ms - this.windowOffset) / options.windowMs);
  }

  processes(containerId: string): ProcessTable {
    let table = this.#tables.get(containerId);
    if (table === undefined) {
      table = new ProcessTable();
      if (this.#tables.size >= CONTAINERS_MAX) {
        for (const oldest of this.#tables.keys()) {
          this.#tables.delete(oldest);
          break;
        }
      }
      this.#tables.set(containerId, table);
    }
    return table;
  }

  /** True once per container: its entry point executes several programs one after the other. */
  noteEntry(containerId: string): boolean {
    this.sawEntry = true;
    if (this.#startedContainer === containerId) return false;
    this.#startedContainer = containerId;
    return true;
  }

  isStartingUp(ms: number, startUpMs: number): boolean {
    return this.sawEntry && ms - this.startMs <= startUpMs;
  }

  isTainted(ms: number): boolean {
    return ms < this.taintedUntilMs;
  }

  noteNovelGroup(channel: Channel, group: string): void {
    let groups = this.novelGroups.get(channel);
    if (groups === undefined) {
      groups = new Set();
      this.novelGroups.set(channel, groups);
    }
    if (groups.size < NOVEL_PER_WINDOW_MAX) groups.add(group);
  }

  /** Keeps a behaviour to be learned when the window ends without an alarm. */
  keepLesson(key: string, lesson: Lesson): void {
    const known = this.lessons.get(key);
    if (known !== undefined) {
      known.lastMs = Math.max(known.lastMs, lesson.lastMs);
      return;
    }
    if (this.lessons.size >= NOVEL_PER_WINDOW_MAX) {
      this.lessonsDropped += 1;
      return;
    }
    this.lessons.set(key, lesson);
  }

  count(feature: string): number {
    const count = (this.counts.get(feature) ?? 0) + 1;
    if (count > 1 || this.counts.size < FEATURES_MAX) this.counts.set(feature, count);
    return count;
  }

  /** What the pod did in the minute before, for the reason of an alert; newest last. */
  remember(o: Observation, ms: number): void {
    const text = actionText(o);
    if (text !== '') this.rememberAction(text, ms);
  }

  rememberAction(text: string, ms: number): void {
    if (this.#recent.at(-1)?.text === text) return;
    this.#recent.push({ ms, text });
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  recent(ms: number): readonly string[] {
    const texts = this.#recent.filter((action) => ms - action.ms <= RECENT_MS && action.ms <= ms);
    return [...new Set(texts.map((action) => action.text))];
  }

  clearWindow(): void {
    this.clearings += 1;
    this.lessons.clear();
    this.novelGroups.clear();
    this.counts.clear();
    this.alarmedRates.clear();
  }
}

/** Programs and connections tell a story; single files do not. */
export function actionText(o: Observation): string {
  if (o.kind === 'exec') return o.commandLine.slice(0, ACTION_CHARS_MAX).toWellFormed();
  if (o.kind !== 'connect' || o.address === '') return '';
  return `${o.process.name} → ${o.address}:${o.port}`;
}
