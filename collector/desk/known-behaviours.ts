import type { Channel } from '../../baseline/alert.ts';

/**
 * What a profile knows of the one who did something unknown: "normal children of gunicorn are …".
 * The nearest are those of the same verb whose object begins alike, then those of most pods.
 */
const NEAREST_MAX = 12;

export type Known = {
  readonly channel: Channel;
  readonly value: string;
  readonly pods: number;
  readonly firstTime: string;
  readonly lastTime: string;
};

export type Normal = {
  readonly channel: Channel;
  readonly value: string;
  readonly actor: string;
  readonly known: readonly Known[];
  readonly knownTotal: number;
};

type Parts = { readonly verb: string; readonly object: string; readonly actor: string };

/** As `behaviourText` writes it. The last link counts: an object may hold the same characters. */
export function partsOf(value: string): Parts {
  const verb = value.slice(0, Math.max(0, value.indexOf(' ')));
  const link = verb === 'exec' ? ' ← ' : ' by ';
  const at = value.lastIndexOf(link);
  return at < 0
    ? { verb, object: value.slice(verb.length + 1), actor: '' }
    : { verb, object: value.slice(verb.length + 1, at), actor: value.slice(at + link.length) };
}

export function normalFor(
  behaviour: { readonly channel: Channel; readonly value: string },
  known: readonly Known[],
): Normal {
  const { channel, value } = behaviour;
  const asked = partsOf(value);
  const same = known
    .map((one) => ({ one, parts: partsOf(one.value) }))
    .filter(({ parts }) => parts.actor === asked.actor && parts.actor !== '');
  const nearest = same
    .map(({ one, parts }) => ({
      one,
      isSameVerb: parts.verb === asked.verb ? 1 : 0,
      shared: sharedStart(parts.object, asked.object),
    }))
    .toSorted((a, b) =>
      b.isSameVerb - a.isSameVerb || b.shared - a.shared || b.one.pods - a.one.pods)
    .slice(0, NEAREST_MAX)
    .map(({ one }) => one);
  return { channel, value, actor: asked.actor, known: nearest, knownTotal: same.length };
}

function sharedStart(left: string, right: string): number {
  const end = Math.min(left.length, right.length);
  for (let index = 0; index < end; index += 1) {
    if (left[index] !== right[index]) return index;
  }
  return end;
}
