import { createHash } from 'node:crypto';

import { valueOf } from '../profiles/image-profiles.ts';
import { yamlComment, yamlText } from './artefact-text.ts';
import type { Value } from './artefact-text.ts';
import { falcoChannels, RUNTIME_ITSELF, RUNTIME_PARENT } from './falco-channels.ts';
import type { FalcoChannel } from './falco-channels.ts';
import { falcoValue, isBare } from './falco-words.ts';
import { behavioursOf, incompleteOf } from './learned.ts';
import type { Learned } from './learned.ts';

/**
 * Falco rules that allow what a profile holds and alert on the rest: one rule per channel, for the
 * one image. What they cannot say: command lines (their shapes are no language of Falco's), rates,
 * the exact kind of a generalised name, and texts that no quoting makes safe.
 */
export type FalcoRules = {
  readonly text: string;
  readonly items: readonly FalcoItem[];
  readonly left: readonly string[];
};

export type FalcoItem =
  | { readonly list: string; readonly items: readonly string[] }
  | { readonly macro: string; readonly condition: string }
  | {
    readonly rule: string;
    readonly desc: string;
    readonly condition: string;
    readonly output: string;
    readonly priority: 'WARNING' | 'NOTICE';
    readonly tags: readonly string[];
  };

const INSIDE = [
  '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8',
  '169.254.0.0/16', '0.0.0.0/8', '::1/128', '::/128', 'fc00::/7', 'fe80::/10',
];

const inQuotes = (text: string): string => `"${text}"`;

export type FalcoOutcome =
  | { readonly ok: true; readonly rules: FalcoRules }
  | { readonly ok: false; readonly reason: 'no-image' };

export function falcoRules(learned: Learned): FalcoOutcome {
  const { repository, digest, tag } = learned.image;
  const name = falcoValue(repository);
  const version = digest === '' ? falcoValue(tag) : falcoValue(digest);
  if (repository === '' || name === null || version === null || version === '""') {
    return { ok: false, reason: 'no-image' };
  }
  const slug = slugOf(learned);
  const field = digest === '' ? 'tag' : 'digest';
  const left: string[] = [];
  const items: FalcoItem[] = [
    { macro: 'lanner_runtime', condition: RUNTIME_ITSELF },
    { macro: 'lanner_runtime_parent', condition: RUNTIME_PARENT },
    { macro: 'lanner_from_inside', condition: `fd.cnet in (${INSIDE.map(inQuotes).join(', ')})` },
    { macro: 'lanner_to_loopback', condition: 'fd.snet in ("127.0.0.0/8", "::1/128")' },
    { macro: slug, condition: `container.image.repository = ${name} and ` +
      `container.image.${field} = ${version}` },
  ];
  for (const channel of falcoChannels) items.push(...channelItems(learned, channel, slug, left));
  const notes = [
    `Falco rules for ${learned.key}: what its profile does not hold.`,
    `Coverage ${(learned.coverage * 100).toFixed(0)} %.`,
    ...incompleteOf(learned).map((channel) =>
      `Still learned: ${channel}: normal behaviour will alert.`),
    'Not said: command lines, rates; of generalised names only the first digit or hex digit.',
    ...left.map((value) => `Left out, since no quoting makes it safe: ${value}`),
  ];
  const text = yamlComment(notes) + yamlText(items as unknown as Value);
  return { ok: true, rules: { text, items, left } };
}

function channelItems(
  learned: Learned,
  { name, channel, verbs, events, allow, output }: FalcoChannel,
  slug: string,
  left: string[],
): readonly FalcoItem[] {
  const allowed: string[] = [];
  for (const behaviour of behavioursOf(learned, channel)) {
    if (verbs !== null && !verbs.has(behaviour.verb)) continue;
    const condition = allow(behaviour);
    if (condition === null) left.push(valueOf(channel, behaviour));
    else allowed.push(condition);
  }
  const { lists, conditions } = listed([...new Set(allowed)], `${slug}_${name}`);
  const macro = `${slug}_${name}_known`;
  const { repository, tag, digest } = learned.image;
  const version = tag === '' ? digest : tag;
  return [
    ...lists,
    { macro, condition: conditions.map((one) => `(${one})`).join(' or ') || NEVER },
    {
      rule: `Lanner profile of ${repository}:${version} (${slug.slice(-8)}): ${name}`,
      desc: `What ${repository}:${version} was not seen to do (${channel})`,
      condition: `${events} and container.id != host and ${slug} and not lanner_runtime and ` +
        `not ${macro}`,
      output: `${output} (container=%container.id pod=%k8s.pod.name ` +
        'image=%container.image.repository)',
      priority: channel.startsWith('file') ? 'NOTICE' : 'WARNING',
      tags: ['lanner', 'profile', channel],
    },
  ];
}

/** Nothing is known: no event has two types. */
const NEVER = 'evt.type = none';
const LIST_MIN = 3;
const NAMED = /^(.*?)((?:fd\.name|fs\.path\.\w+|proc\.exepath) = )(\S+)((?: and .*)?)$/;

/** `X = a and R`, `X = b and R`, … become `X in (list) and R`. */
function listed(conditions: readonly string[], slug: string) {
  const groups = new Map<string, string[]>();
  const rest: string[] = [];
  for (const condition of conditions) {
    const match = NAMED.exec(condition);
    const value = match?.[3] ?? '';
    if (match === null || !isBare(value)) rest.push(condition);
    else {
      const key = JSON.stringify([match[1], match[2], match[4]]);
      groups.set(key, [...groups.get(key) ?? [], value]);
    }
  }
  const lists: FalcoItem[] = [];
  for (const [key, values] of groups) {
    const [before, equals, after] = JSON.parse(key) as [string, string, string];
    if (values.length < LIST_MIN) {
      rest.push(...values.map((one) => `${before}${equals}${one}${after}`));
    } else {
      const list = `${slug}_${lists.length + 1}`;
      lists.push({ list, items: values });
      rest.push(`${before}${equals.replace('= ', 'in ')}(${list})${after}`);
    }
  }
  return { lists, conditions: rest };
}

/** An identifier of Falco's, another for each profile. */
function slugOf({ key, image }: Learned): string {
  const [short = ''] = image.repository.split('/').slice(-1);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return `lanner_${short.replace(/[^A-Za-z0-9]+/g, '_').slice(0, 40)}_${hash}`;
}
