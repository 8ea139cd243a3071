import { addressScope } from '../behaviour/address.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { isRuntimeProgram } from '../behaviour/process-role.ts';
import type { Observation } from '../observation.ts';
import {
  STRONG_CHANNELS,
  type ImageProfile,
  type LearnedChannel,
} from '../profile/image-profile.ts';
import { candidateKey } from '../profile/candidate-document.ts';
import { hasPod } from '../profile/pod-set.ts';
import { isShell, isTool } from './innate.ts';
import type { Modes } from './modes.ts';
import type { PodWatch } from './pod-watch.ts';
import type { Session } from './process-table.ts';
import { argumentsScore, noveltyScore, ruleScore } from './score.ts';
import type { Verdict } from './verdict.ts';

/**
 * Is this behaviour known, and what if it is not?
 *
 * | channel         | learning              | after an upgrade           | complete |
 * |-----------------|-----------------------|----------------------------|----------|
 * | exec, net, priv | learn at window's end | diff if shared, else raise | raise    |
 * | file writes     | learn; weak evidence  | the same                   | raise in a new directory |
 * | other files     | learn; weak evidence  | the same                   | the same |
 * | Falco's rules   | raise once if ≥ warning, then learn               | raise ≥ notice |
 *
 * Inside an operator's session, programs and files are told with the session instead; connections
 * are judged as everywhere, since nobody's hands are a reason to reach a new address.
 */

export type Occasion = {
  readonly o: Observation;
  readonly ms: number;
  readonly watch: PodWatch;
  readonly session: Session | null;
  /** Something never to be learned came with it. */
  readonly isSuspicious: boolean;
};

/** Falco's rules of this weight are raised although an operator's session explains them. */
const SESSION_RULE_SCORE = ruleScore('critical');

export class Novelty {
  readonly #modes: Modes;
  readonly #startUpMs: number;

  constructor(modes: Modes, startUpMs: number) {
    this.#modes = modes;
    this.#startUpMs = startUpMs;
  }

  /** Learns or judges one behaviour; a verdict if it is to be raised. */
  weigh(behaviour: Behaviour, at: Occasion): Verdict | null {
    const { profile, hash } = at.watch;
    const name = behaviour.channel as LearnedChannel;
    const ruling = profile.rulingOn(behaviour);
    if (ruling !== null) return this.#obey(ruling, behaviour, at);
    const channel = profile.channel(name);
    // The common case: this very pod was seen to do it before.
    if (channel.seeAgain(behaviour, hash, at.ms)) return null;
    const own = channel.find(behaviour);
    if (own !== undefined || profile.parent?.find(behaviour) !== undefined) {
      // Another pod doing what one pod did before is weak evidence, and what makes it trusted.
      const isDoubtful = own !== undefined && STRONG_CHANNELS.has(name) && !profile.trusts(own);
      if (isDoubtful && !hasPod(own.pods, hash)) at.watch.noteNovelGroup(name, own.group);
      return this.#learnKnown(behaviour, at);
    }
    if (name === 'rule') return this.#weighRule(behaviour, at);
    if (at.session !== null && !isOutward(behaviour, at.o)) {
      return at.session.isProbe ? this.#learnLater(behaviour, at, true) : null;
    }
    at.watch.noteNovelGroup(name, channel.groupOf(behaviour));
    if (!STRONG_CHANNELS.has(name)) return this.#weighFile(behaviour, name, at);
    return this.#weighStrong(behaviour, name, at);
  }

  /**
   * What a person decided needs no evidence, and makes none: what is seen while it is accepted is
   * not learned, so that an undo leaves nothing behind and an accept for one image is not handed
   * on to the next version as its habit.
   */
  #obey(ruling: 'accept' | 'reject', behaviour: Behaviour, at: Occasion): Verdict | null {
    const { profile } = at.watch;
    if (ruling === 'accept') return null;
    const name = behaviour.channel as LearnedChannel;
    return {
      channel: name,
      value: profile.channel(name).keyOf(behaviour),
      score: Math.max(REJECTED_SCORE_MIN, scoreOf(behaviour, at.o)),
      observation: at.o,
      watch: at.watch,
      session: at.session,
      mode: this.#modes.of(profile, name, at.ms),
      cause: { kind: 'rejected', behaviour },
    };
  }

  /**
   * What is known is learned like what is not: at the end of a window without an alarm, and not
   * from an operator's hands. Else it would depend on who heard of it first what a pod teaches.
   */
  #learnKnown(behaviour: Behaviour, at: Occasion): null {
    if (at.session === null || isOutward(behaviour, at.o)) return this.#learnLater(behaviour, at);
    return at.session.isProbe ? this.#learnLater(behaviour, at, true) : null;
  }

  #learnLater(behaviour: Behaviour, at: Occasion, exempt = false): null {
    if (!at.watch.isTainted(at.ms)) {
      at.watch.keepLesson(lessonKey(behaviour), { behaviour, ms: at.ms, lastMs: at.ms, exempt });
    }
    return null;
  }

  /**
   * Files converge late or never, so a new file is weak evidence. A program that writes in a
   * directory where it never did is more, once that channel is complete by its own clean run: that
   * is how data leaves a database (COPY TO) and how a site gets a back door. Writes alone: removals
   * of rare clean-ups cost 3 and 9 false alerts on the two cuts of the recording, writes none.
   */
  #weighFile(behaviour: Behaviour, name: LearnedChannel, at: Occasion): Verdict | null {
    const { profile } = at.watch;
    this.#learnLater(behaviour, at);
    if (name !== 'file-write' || at.session !== null) return null;
    if (this.#modes.of(profile, name, at.ms) !== 'complete') return null;
    if (at.watch.isStartingUp(at.ms, this.#startUpMs)) return null;
    for (let p: ImageProfile | null = profile; p !== null; p = p.parent) {
      const channel = p.channel(name);
      if (channel.knowsGroup(channel.groupOf(behaviour))) return null;
    }
    // Who accepted one file there has accepted that the program writes there.
    if (profile.acceptsSiblingOf(behaviour)) return null;
    return {
      channel: name,
      value: profile.channel(name).keyOf(behaviour),
      score: noveltyScore(at.o),
      observation: at.o,
      watch: at.watch,
      session: at.session,
      mode: 'complete',
      cause: { kind: 'novel', behaviour },
    };
  }

  #weighStrong(behaviour: Behaviour, name: LearnedChannel, at: Occasion): Verdict | null {
    const { profile } = at.watch;
    const mode = this.#modes.of(profile, name, at.ms);
    if (mode === 'learning') return this.#learnLater(behaviour, at);
    // An inside connection is judged where it starts: the other end has an agent too.
    if (behaviour.verb === 'accept' && behaviour.object === 'inside') {
      return this.#learnLater(behaviour, at, true);
    }
    const score = scoreOf(behaviour, at.o);
    const verdict: Verdict = {
      channel: name,
      value: profile.channel(name).keyOf(behaviour),
      score,
      observation: at.o,
      watch: at.watch,
      session: at.session,
      mode,
      cause: { kind: 'novel', behaviour },
    };
    const mayShare = this.#isComparedWithStarts(at) && !profile.isLocked;
    if (mode === 'complete' && !mayShare) return verdict;
    return this.#weighUpgrade(verdict, behaviour, at);
  }

  /**
   * What a start-up shows is compared with other pods' start-ups, as after an upgrade: two that
   * show the same are a habit. What crosses the cluster's border is not given that chance.
   */
  #isComparedWithStarts({ watch, o, ms }: Occasion): boolean {
    return watch.isStartingUp(ms, this.#startUpMs) && !crossesTheBorder(o);
  }

  /** Once start-ups are known, a novelty in one is raised at once instead of waiting. */
  #waits(verdict: Verdict, { watch, ms }: Occasion): boolean {
    if (verdict.mode === 'complete' && watch.profile.knowsStartUp) return false;
    const share = isRisky(verdict) ? RISKY_START_UP_SHARE : 1;
    return watch.isStartingUp(ms, this.#startUpMs / share);
  }

  #weighUpgrade(verdict: Verdict, behaviour: Behaviour, at: Occasion): Verdict | null {
    const { watch, ms } = at;
    const { diff } = watch.profile;
    const key = candidateKey(verdict.channel, verdict.value);
    const candidate = diff.candidate(key);
    const isNews = candidate?.pods.has(watch.hash) !== true;
    const outcome = diff.novelty({
      key,
      behaviour,
      observation: at.o,
      pod: watch.hash,
      ms,
      inStartUp: this.#waits(verdict, at),
      suspicious: at.isSuspicious || ms < watch.suspiciousUntilMs,
    });
    // Other nodes' pods of this version shall know of it.
    if (isNews) watch.profile.revision += 1;
    if (outcome === 'wait') return null;
    if (outcome === 'raise') return verdict;
    if (candidate !== undefined) watch.profile.learnShared(candidate);
    return null;
  }

  #weighRule(behaviour: Behaviour, at: Occasion): Verdict | null {
    if (at.o.kind !== 'rule') return null;
    const mode = this.#modes.of(at.watch.profile, 'exec', at.ms);
    const score = ruleScore(at.o.priority);
    const floor = mode === 'learning' ? ruleScore('warning') : ruleScore('notice');
    // The rule's event can come before the exec that opens the session; a terminal says as much.
    const isSession = at.session !== null || Number(at.o.fields.get('proc.tty') ?? 0) > 0;
    // What an operator sets off is no habit: the next to set it off may be an intruder.
    if (!isSession || at.session?.isProbe === true) {
      at.watch.noteNovelGroup('rule', at.watch.profile.channel('rule').groupOf(behaviour));
      this.#learnLater(behaviour, at);
    }
    if (score < floor || (isSession && score < SESSION_RULE_SCORE)) return null;
    // The node's container runtime cleans up after containers; its habits are learned.
    const isRuntime = at.o.container.scope === 'host' && isRuntimeProgram(at.o.process.name);
    if (isRuntime && mode === 'learning') return null;
    return {
      channel: 'rule',
      value: at.watch.profile.channel('rule').keyOf(behaviour),
      score,
      observation: at.o,
      watch: at.watch,
      session: at.session,
      mode,
      cause: { kind: 'rule', behaviour },
    };
  }
}

export function lessonKey({ channel, verb, object, detail, by }: Behaviour): string {
  return `${channel}\u0000${verb}\u0000${object}\u0000${detail}\u0000${by}`;
}

/** A shell, or a tool that connects, does not wait as long for a second pod to show the same. */
function isRisky({ observation: o }: Verdict): boolean {
  if (o.kind === 'exec') return isShell(o.process.exe);
  return o.kind === 'connect' && isTool(o.process.exe);
}

const RISKY_START_UP_SHARE = 3;

/** Somebody looked at it and said no: never less than a novelty in a strong channel. */
const REJECTED_SCORE_MIN = 60;

/** From or to an address outside the cluster, or the node's own link. */
function crossesTheBorder(o: Observation): boolean {
  if (o.kind === 'accept') return addressScope(o.peerAddress) === 'outside';
  return o.kind === 'connect' && /^(outside|link-local)$/.test(addressScope(o.address));
}

/** A connection that leaves the container. */
function isOutward(behaviour: Behaviour, o: Observation): boolean {
  if (behaviour.channel !== 'net') return false;
  return o.kind !== 'connect' || /^(inside|outside|link-local)$/.test(addressScope(o.address));
}

function scoreOf(behaviour: Behaviour, o: Observation): number {
  if (behaviour.verb !== 'args' || o.kind !== 'exec') return noveltyScore(o);
  return argumentsScore(isShell(o.process.exe) && / -[a-z]*c /.test(` ${o.commandLine} `));
}
