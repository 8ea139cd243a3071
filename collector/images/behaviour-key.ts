import { addressScope } from '../../baseline/behaviour/address.ts';
import type { Behaviour } from '../../baseline/behaviour/behaviour.ts';
import type { Channel } from '../../baseline/alert.ts';
import { namesOf } from '../../baseline/profile/names.ts';
import { partsOf } from '../desk/known-behaviours.ts';

/**
 * One text for all behaviours that a profile would take for each other: names are written as the
 * shapes by which profiles generalise them (`/tmp/report.<C6>`), whether or not a profile has had
 * reason to. A name that is a shape already stays as it is. So a temporary file of one pod is found
 * as that of another, at the price that a directory's names of one shape are all one.
 */
export type WantedBehaviour = { readonly channel: Channel; readonly value: string };

/** Null for what is not written as alerts and profiles write it. */
export function behaviourIn({ channel, value }: WantedBehaviour): Behaviour | null {
  const { verb, object, actor } = partsOf(value);
  if (verb === '' || actor === '') return null;
  const plain = { channel, verb, object, tree: 'none', detail: '', by: actor } as const;
  if (channel.startsWith('file-')) return { ...plain, tree: 'path' };
  const end = channel === 'net' && verb === 'connect' ? /^(.+)(:[^:]+)$/.exec(object) : null;
  const [, address = '', port = ''] = end ?? [];
  if (end === null || (addressScope(address) === 'unknown' && !/[<*]/.test(address))) return plain;
  return { ...plain, object: address, tree: 'address', detail: port };
}

export function behaviourKey(behaviour: Behaviour): string {
  const { channel, verb, tree, object, detail, by } = behaviour;
  const name = tree === 'none' ? object : shapesOf(behaviour).join('/');
  return [channel, verb, name + detail, by].join('\n');
}

/** The same of any name in its directory: `write /var/log/nginx/* by nginx`. */
export function directoryKey(behaviour: Behaviour): string | null {
  if (behaviour.tree !== 'path') return null;
  const { channel, verb, detail, by } = behaviour;
  const directory = [...shapesOf(behaviour).slice(0, -1), '*'].join('/');
  return [channel, verb, directory + detail, by].join('\n');
}

/** With what all texts of the same key begin. */
export function commonStart(behaviour: Behaviour): string {
  const { verb, object, tree, detail } = behaviour;
  if (tree === 'none') return `${verb} ${object}${detail}`;
  if (tree === 'address') return `${verb} `;
  const { segments } = namesOf(behaviour);
  const shapes = shapesOf(behaviour);
  const written = object.split('/');
  const differs = shapes.findIndex((shape, depth) =>
    shape !== segments[depth] || /[<*]/.test(shape));
  return `${verb} ${differs < 0 ? object : `${written.slice(0, differs).join('/')}/`}`;
}

function shapesOf(behaviour: Behaviour): readonly string[] {
  const { segments, shapes } = namesOf(behaviour);
  const written = behaviour.tree === 'path' ? behaviour.object.split('/') : segments;
  return segments.map((name, depth) => {
    const own = written[depth] ?? name;
    return /[<*]/.test(own) ? own : shapes[depth] ?? name;
  });
}
