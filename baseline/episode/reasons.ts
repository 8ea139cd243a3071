import type { Words } from '../alert.ts';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { baseName } from '../behaviour/process-role.ts';
import type { Mode } from '../judge/modes.ts';
import type { Session } from '../judge/process-table.ts';
import type { Verdict } from '../judge/verdict.ts';
import type { Container, Observation } from '../observation.ts';
import type { ImageProfile, LearnedChannel } from '../profile/image-profile.ts';
import { support } from '../profile/pod-set.ts';
import type { Finding } from './finding.ts';
import { techniquesOf } from './techniques.ts';
import {
  evidenceWords,
  innateWords,
  joinWords,
  meaningWords,
  neverSeen,
  placeOf,
  rateWords,
  recentWords,
  reserveWords,
  shorten,
  whatHappened,
  type Background,
} from './words.ts';

/** Behaviours looked through for what is normal instead; a channel can hold thousands. */
const NORMAL_LOOKED_AT_MAX = 4096;

/** What the image does instead, by whatever the new behaviour shares with it; most pods first. */
export function normalInstead(profile: ImageProfile, behaviour: Behaviour): readonly string[] {
  const counts = new Map<string, number>();
  for (let p: ImageProfile | null = profile; p !== null; p = p.parent) {
    let looked = 0;
    for (const item of p.channel(behaviour.channel as LearnedChannel).items.values()) {
      looked += 1;
      if (looked > NORMAL_LOOKED_AT_MAX) break;
      const other = item.behaviour;
      if (other.verb !== behaviour.verb || other.by !== behaviour.by) continue;
      const name = shownObject(other, item.key);
      counts.set(name, (counts.get(name) ?? 0) + support(item.pods));
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

function shownObject(behaviour: Behaviour, key: string): string {
  if (behaviour.verb === 'exec') return baseName(behaviour.object);
  if (behaviour.verb === 'args') return behaviour.object;
  if (behaviour.verb === 'accept') return `${behaviour.object}${behaviour.detail}`;
  const by = key.lastIndexOf(' by ');
  return key.slice(behaviour.verb.length + 1, by < 0 ? undefined : by);
}

export function background(
  profile: ImageProfile,
  behaviour: Behaviour | null,
  mode: Mode,
): Background {
  let observations = 0;
  let pods = 0;
  for (let p: ImageProfile | null = profile; p !== null; p = p.parent) {
    observations += p.observations;
    pods += p.podCount;
  }
  return {
    observations,
    pods,
    normal: behaviour === null ? [] : normalInstead(profile, behaviour),
    mode,
    coverage: profile.coverage(),
    version: profile.image.tag || 'this version',
    before: profile.parent?.image.tag || 'the version before',
  };
}

/** The verdict, told. */
export function findingOf(verdict: Verdict): Finding {
  const { cause, channel, value, score, observation } = verdict;
  return {
    kind: cause.kind,
    channel,
    value,
    score,
    techniques: meaningOf(verdict),
    reason: reasonOf(verdict),
    observation,
  };
}

function reasonOf(verdict: Verdict): Words {
  const { observation, watch } = verdict;
  const recent = watch.recent(Number(observation.timeNs / 1_000_000n));
  const parts = [
    whyOf(verdict),
    meaningWords(meaningOf(verdict)),
    recentWords(recent),
  ];
  return {
    en: shorten(parts.map((part) => part.en).join(''), REASON_CHARS_MAX),
    zh: shorten(parts.map((part) => part.zh).join(''), REASON_CHARS_MAX),
  };
}

/** Whatever texts an event brings; a usual reason has some hundred characters. */
const REASON_CHARS_MAX = 2_000;

function meaningOf({ cause, observation }: Verdict): readonly string[] {
  return cause.kind === 'innate' ? cause.rule.techniques : techniquesOf(observation);
}

function whyOf({ cause, observation: o, watch, mode }: Verdict): Words {
  const { profile } = watch;
  switch (cause.kind) {
    case 'novel':
    case 'rule': {
      const facts = background(profile, cause.behaviour, mode);
      return withReserve(noveltyWords(o, facts, cause.behaviour), facts);
    }
    case 'rejected':
      return joinWords(whatHappened(o), REJECTED);
    case 'innate': {
      const facts = background(profile, null, mode);
      return withReserve(joinWords(whatHappened(o), innateWords(cause.rule.name)), facts);
    }
    case 'rate':
      return joinWords(placeWords(o), rateWords(cause.feature, cause.seen, cause.most));
    case 'evidence':
      return joinWords(placeWords(o), evidenceWords(cause.parts));
  }
}

function withReserve(reason: Words, facts: Background): Words {
  const reserve = reserveWords(facts);
  return { en: reason.en + reserve.en, zh: reason.zh + reserve.zh };
}

function placeWords(o: Observation): Words {
  const place = placeOf(o.container);
  return { en: place, zh: place };
}

function noveltyWords(o: Observation, facts: Background, behaviour: Behaviour): Words {
  const what = whatHappened(o);
  if (behaviour.verb !== 'args' || o.kind !== 'exec') return joinWords(what, neverSeen(facts));
  const command = shorten(o.commandLine);
  return joinWords(
    { en: `${what.en} with new arguments "${command}"`, zh: `${what.zh}，参数为“${command}”` },
    neverSeen(facts),
  );
}

const REJECTED: Words = {
  en: 'somebody reviewed this behaviour and rejected it',
  zh: '该行为经人工审核后被拒绝',
};

/** Told once per session, with what was done in it. */
export function sessionReason(session: Session, container: Container): Words {
  const shown = session.commands.slice(0, SESSION_COMMANDS_SHOWN).map((text) => shorten(text));
  const more = session.commands.length + session.commandsDropped - shown.length;
  const how = session.tty ? 'an interactive session' : 'a command';
  const howZh = session.tty ? '交互会话' : '命令';
  const place = placeOf(container);
  return {
    en: `an operator ran ${how} in ${place}: ${shown.join(' · ')}${more > 0 ? ` (+${more})` : ''}`,
    zh: `运维人员在 ${place} 中执行了${howZh}：${shown.join(' · ')}${more > 0 ? `（+${more}）` : ''}`,
  };
}

const SESSION_COMMANDS_SHOWN = 8;
const DIFF_SHOWN = 10;

/** What the pods of a new version share and the version before never did. */
export function upgradeReason(profile: ImageProfile, keys: readonly string[]): Words {
  const names = keys.map((key) => shorten(key.slice(key.indexOf('\u0000') + 1)));
  const shown = names.slice(0, DIFF_SHOWN).join('; ');
  const more = names.length > DIFF_SHOWN ? ` (+${names.length - DIFF_SHOWN})` : '';
  const image = `${profile.image.repository}:${profile.image.tag}`;
  if (profile.parent === null) {
    return {
      en: `${image}: seen at the start of its pods for the first time: ${shown}${more}`,
      zh: `${image}：首次观察到其 Pod 启动时的行为：${shown}${more}`,
    };
  }
  const before = profile.parent.image.tag || '?';
  return {
    en: `${image} does what ${before} never did, on all its pods: ${shown}${more}`,
    zh: `${image} 的所有 Pod 出现 ${before} 从未有过的行为：${shown}${more}`,
  };
}
