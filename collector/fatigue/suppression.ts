import type { Alert, AlertBehaviour, AlertKind, Channel } from '../../baseline/alert.ts';
import { matchesGlob } from '../policy/glob.ts';
import { isOnNeverLearnList, isOwnAlert, isWithin } from './destructive.ts';

/**
 * A person's rule: alerts like these are not worth anybody's time. It matches an alert when it
 * matches *all* of it: one behaviour that the rule does not name, and the alert is raised; also
 * when a later revision brings it. What an agent left out of an alert is such a behaviour.
 */
export type BehaviourPattern = {
  /** `glob`: `*` stands for any characters. */
  readonly kind: 'exact' | 'glob';
  readonly value: string;
};

/** All that are there must hold; those of place are globs. */
export type SuppressionMatch = {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
  /** The image's repository. */
  readonly image?: string;
  readonly kinds?: readonly AlertKind[];
  /** Each behaviour of the alert is in one of these, */
  readonly channels?: readonly Channel[];
  /** is one of these, */
  readonly behaviours?: readonly BehaviourPattern[];
  /** and means one of these techniques and no other. */
  readonly techniques?: readonly string[];
};

export type Ended = {
  readonly because: 'expired' | 'ended';
  readonly by: string;
  readonly why: string;
  readonly time: string;
};

export type SuppressionRule = {
  readonly id: string;
  readonly match: SuppressionMatch;
  /** It may match what is on the never-learn list. */
  readonly includesDestructive: boolean;
  /** Whom to ask, e.g. a team; `createdBy` is who wrote it. */
  readonly owner: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdTime: string;
  readonly expiresTime: string;
  readonly ended: Ended | null;
};

export const RULES_MAX = 500;
const DAY_MS = 86_400_000;
export const RULE_DAYS_MAX = 365;
export const RULE_DAYS_DEFAULT = 30;
/** Of a glob that stands alone: `*a*` narrows nothing. */
const GLOB_LITERALS_MIN = 3;

export type MatchProblem = 'too-broad' | 'no-such-time' | 'too-long';

/** Cluster, kind and channel alone are half of everything. */
export function isNarrow(match: SuppressionMatch): boolean {
  const places = [match.namespace, match.workload, match.image];
  const isBehaviourNamed = match.behaviours !== undefined && match.behaviours.length > 0 &&
    match.behaviours.every(({ kind, value }) => kind === 'exact' || narrows(value));
  return isBehaviourNamed || (match.techniques?.length ?? 0) > 0 ||
    places.some((glob) => glob !== undefined && narrows(glob));
}

/** A short name is narrow, too, when it is the whole name. */
const narrows = (glob: string): boolean =>
  glob.includes('*')
    ? glob.replaceAll('*', '').length >= GLOB_LITERALS_MIN
    : glob !== '';

/** What is wrong with a rule's lifetime, or undefined. */
export function lifetimeProblem(expiresMs: number, nowMs: number): MatchProblem | undefined {
  if (!Number.isFinite(expiresMs) || expiresMs <= nowMs) return 'no-such-time';
  return expiresMs - nowMs > RULE_DAYS_MAX * DAY_MS ? 'too-long' : undefined;
}

export const isInForce = (rule: SuppressionRule, nowMs: number): boolean =>
  rule.ended === null && Date.parse(rule.expiresTime) > nowMs;

type RuleMatch = Pick<SuppressionRule, 'match' | 'includesDestructive'>;

export function suppresses({ match, includesDestructive }: RuleMatch, alert: Alert): boolean {
  if (isOwnAlert(alert)) return false;
  if (alert.behavioursDropped > 0) return false;
  if (!includesDestructive && isOnNeverLearnList(alert)) return false;
  // That a sensor fell silent is nothing that a rule about a place may hide unsaid.
  if (match.kinds === undefined ? alert.kind === 'sensor' : !match.kinds.includes(alert.kind)) {
    return false;
  }
  return isPlace(match.cluster, alert.cluster) &&
    isPlace(match.namespace, alert.namespace) &&
    isPlace(match.workload, alert.workload) &&
    isPlace(match.image, alert.image.repository) &&
    matchesBehaviours(match, alert);
}

const isPlace = (glob: string | undefined, name: string): boolean =>
  glob === undefined || matchesGlob(glob, name);

function matchesBehaviours(match: SuppressionMatch, alert: Alert): boolean {
  const { channels, behaviours, techniques } = match;
  const asks = channels !== undefined || behaviours !== undefined || techniques !== undefined;
  if (!asks) return true;
  return alert.behaviours.length > 0 &&
    alert.behaviours.every((one) => matchesBehaviour(match, one));
}

function matchesBehaviour(match: SuppressionMatch, behaviour: AlertBehaviour): boolean {
  const { channels, behaviours, techniques } = match;
  if (channels !== undefined && !channels.includes(behaviour.channel)) return false;
  if (behaviours !== undefined && !behaviours.some((one) => isLike(one, behaviour.value))) {
    return false;
  }
  return techniques === undefined ||
    (behaviour.techniques.length > 0 &&
      behaviour.techniques.every((id) => techniques.some((wanted) => isWithin(id, wanted))));
}

const isLike = ({ kind, value }: BehaviourPattern, text: string): boolean =>
  kind === 'exact' ? value === text : matchesGlob(value, text);
