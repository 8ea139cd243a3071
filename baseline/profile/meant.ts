import { addressSegments } from '../behaviour/address.ts';
import { behaviourText, type Behaviour } from '../behaviour/behaviour.ts';
import { namesOf, type Names } from './names.ts';

/**
 * Which behaviours a text means that a person decided about. A pattern there
 * (`write /srv/report.<C6> by web`) means every name of that shape, also while the profile has no
 * reason yet, or no longer, to call it so: what people decided must not come and go with what the
 * profile generalises. The text is taken apart by the behaviour that is asked about, because verb,
 * object and program cannot be told apart in it by themselves.
 */

export type IsMeant = (value: string) => boolean;

/** Texts that say what the behaviour says, names taken as patterns. */
export function meansOf(behaviour: Behaviour): IsMeant {
  return behaviour.tree === 'none' ? nothing : testOf(behaviour, 0);
}

/** Texts that say it of any name in the same directory. */
export function meansSiblingOf(behaviour: Behaviour): IsMeant {
  return behaviour.tree === 'path' ? testOf(behaviour, 1) : nothing;
}

const nothing: IsMeant = () => false;

/** `free`: so many of the last segments may be anything. */
function testOf(behaviour: Behaviour, free: number): IsMeant {
  const before = `${behaviour.verb} `;
  const after = behaviourText(behaviour, '').slice(before.length);
  const names = namesOf(behaviour);
  const { length } = names.segments;
  const isPath = behaviour.tree === 'path';
  return (value) => {
    if (value.length < before.length + after.length) return false;
    if (!value.startsWith(before) || !value.endsWith(after)) return false;
    const object = value.slice(before.length, value.length - after.length);
    const parts = isPath ? object.split('/') : addressSegments(object);
    return parts.length === length && fits(parts, names, { length: length - free, isPath });
  };
}

function fits(
  parts: readonly string[],
  { segments, shapes }: Names,
  { length, isPath }: { readonly length: number; readonly isPath: boolean },
): boolean {
  for (let depth = 0; depth < length; depth += 1) {
    const part = parts[depth];
    if (part === segments[depth]) continue;
    // Names in `/etc` have no shapes: there only what is named is meant.
    if (part === undefined || shapes.length === 0 || depth === 0) return false;
    if (part !== shapes[depth] && !(isPath && part === '*')) return false;
  }
  return true;
}
