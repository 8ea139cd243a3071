import { behavioursOf } from '../behaviour/behaviour.ts';
import type { Container, Observation } from '../observation.ts';
import { isShownAgain, noteTime } from '../profile/channel-profile.ts';
import type { ChannelProfile, Standing } from '../profile/channel-profile.ts';
import type { ImageProfile, LearnedChannel } from '../profile/image-profile.ts';
import { workloadName } from '../profile/profile-book.ts';
import { innateRules } from './innate.ts';
import { lessonKey } from './novelty.ts';
import { actionText, type LastSeen, type Lesson, type PodWatch } from './pod-watch.ts';
import type { PodWindows } from './pod-windows.ts';
import { alarmingRate, featureOf } from './windows.ts';

/**
 * The fast path. Most observations say what the same container said before, were judged to be
 * known, and change nothing but times and counts. A `Sight` holds where these stand, so that the
 * next one of its kind is counted without a text, a look-up or an object made for it.
 *
 * It is the slow path's twin (`judge.ts`): `again` does all that judging would do, or nothing and
 * says false; then the observation is judged in full. So whatever a judgement hangs on is compared
 * here first: decisions, the window, who owns an address, names (`settles`), what is learned
 * (`changes`), a session, a rate that is due. `agent/twin.test.ts` holds the two equal.
 */

export type Sight = {
  readonly watch: PodWatch;
  readonly profile: ImageProfile;
  /** What the container runtime does while it sets the container up is left out. */
  readonly runtimeExe: string | null;
  readonly container: Container;
  readonly workload: string;
  readonly feature: string;
  /** Its rate counts from the start of a pod on. */
  readonly isConnect: boolean;
  readonly action: string;
  readonly parts: readonly Part[];
  readonly decided: number;
  readonly addresses: number;
  readonly clearings: number;
  readonly podCount: number;
};

/** One behaviour of it. */
type Part = {
  readonly channel: ChannelProfile;
  readonly standing: Standing;
  readonly settles: number;
  readonly changes: number;
  /** What its pod will have shown at the end of the window, where nobody saw it do so before. */
  readonly lesson: Lesson | null;
};

/** The one event more. */
export type SeenAgain = {
  readonly timeMs: number;
  readonly pid: number;
  readonly ppid: number;
};

/** What it needs of the judge. */
export type Ground = {
  readonly startUpMs: number;
  readonly windows: PodWindows;
  readonly counters: { observed: number; runtime: number };
  /** Grows when somebody is found to own an address, or no longer. */
  readonly addresses: () => number;
  readonly ownerOf: (address: string) => string | null;
  readonly watchOf: (container: Container) => PodWatch | undefined;
  readonly alarmLevel: () => number;
};

/** What is read there depends on whose process it is. */
const OF_A_PROCESS = /^\/proc\/[0-9]/;

export class Again {
  readonly #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Of an observation that was just judged; null where the next one has to be judged as well. */
  sightOf(o: Observation): Sight | null {
    if (o.kind === 'exec' || o.kind === 'rule') return null;
    const { container } = o;
    const watch = this.#ground.watchOf(container);
    if (watch === undefined) return null;
    const isRuntime = watch.processes(container.id).isRuntime(o);
    const parts = isRuntime ? [] : this.#partsOf(o, watch);
    if (parts === null) return null;
    const { profile, clearings } = watch;
    return {
      watch,
      profile,
      runtimeExe: isRuntime ? o.process.exe : null,
      container,
      workload: workloadName(container),
      feature: featureOf(o),
      isConnect: o.kind === 'connect',
      action: actionText(o),
      parts,
      decided: profile.decisions.revision,
      addresses: this.#ground.addresses(),
      clearings,
      podCount: profile.podCount,
    };
  }

  #partsOf(o: Observation, watch: PodWatch): readonly Part[] | null {
    if (innateRules(o).length > 0) return null;
    if (o.kind === 'open' && OF_A_PROCESS.test(o.path)) return null;
    const { profile } = watch;
    const parts: Part[] = [];
    for (const behaviour of behavioursOf(o, this.#ground.ownerOf)) {
      if (profile.rulingOn(behaviour) !== null) return null;
      const channel = profile.channel(behaviour.channel as LearnedChannel);
      const standing = channel.standing(behaviour);
      if (standing === undefined) return null;
      const { settles, changes } = channel;
      const lesson = watch.lessons.get(lessonKey(behaviour)) ?? null;
      parts.push({ channel, standing, settles, changes, lesson });
    }
    return parts;
  }

  /** Counts one more; false, with nothing done, where it has to be judged. */
  again(sight: Sight, seen: SeenAgain, last: LastSeen): boolean {
    const { watch, profile, parts } = sight;
    const { timeMs } = seen;
    if (!this.#holds(sight, timeMs)) return false;
    const table = watch.processes(sight.container.id);
    if (sight.runtimeExe !== null) {
      if (!table.isStillRuntime(seen.pid, sight.runtimeExe)) return false;
      this.#pass(sight, timeMs, last);
      this.#ground.counters.runtime += 1;
      return true;
    }
    const isSession = table.isInSession(seen.pid, seen.ppid);
    for (const part of parts) if (!isKnown(part, sight, timeMs, isSession)) return false;
    const isCounted = !isSession && sight.feature !== '' &&
      (sight.isConnect || !watch.isStartingUp(timeMs, this.#ground.startUpMs));
    if (isCounted && this.#isRateDue(watch, sight.feature)) return false;

    this.#pass(sight, timeMs, last);
    this.#ground.counters.observed += 1;
    profile.see(watch.hash, timeMs, sight.workload);
    for (const part of parts) count(part, watch, timeMs);
    if (isCounted) watch.count(sight.feature);
    return true;
  }

  /** What any observation leaves behind, whatever it is. */
  #pass({ watch, container, action }: Sight, ms: number, last: LastSeen): void {
    watch.lastMs = ms;
    watch.last = last;
    if (watch.container.id !== container.id) watch.container = container;
    if (action !== '') watch.rememberAction(action, ms);
  }

  #holds({ watch, profile, decided, addresses }: Sight, ms: number): boolean {
    return (
      !watch.isForgotten &&
      watch.profile === profile &&
      watch.window !== 'closed' &&
      this.#ground.windows.indexOf(watch, ms) === watch.windowIndex &&
      profile.decisions.revision === decided &&
      this.#ground.addresses() === addresses
    );
  }

  /** A count that may be an alarm is told by the slow path, which has something to show. */
  #isRateDue(watch: PodWatch, feature: string): boolean {
    const seen = (watch.counts.get(feature) ?? 0) + 1;
    return alarmingRate(watch, feature, seen, this.#ground.alarmLevel) !== null;
  }
}

function isKnown(part: Part, sight: Sight, ms: number, isSession: boolean): boolean {
  const { watch, profile, podCount, clearings } = sight;
  const { channel, standing, lesson } = part;
  if (profile.channel(channel.channel as LearnedChannel) !== channel) return false;
  if (channel.settles !== part.settles) return false;
  if (isShownAgain(standing, watch.hash, ms)) return true;
  // Known, but not of this pod: it will be, at the end of the window if that is clean.
  if (isSession) return false;
  if (channel.changes !== part.changes || profile.podCount !== podCount) return false;
  if (watch.clearings !== clearings) return false;
  return lesson !== null || watch.isTainted(ms);
}

function count({ standing, lesson }: Part, watch: PodWatch, ms: number): void {
  if (isShownAgain(standing, watch.hash, ms)) noteTime(standing, ms);
  else if (lesson !== null && !watch.isTainted(ms) && ms > lesson.lastMs) lesson.lastMs = ms;
}
