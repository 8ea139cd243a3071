import type { Channel } from '../../baseline/alert.ts';
import { LEARNED_CHANNELS } from '../../baseline/profile/image-profile.ts';
import { behavioursIn } from './review.ts';
import type { Review, ReviewedBehaviour } from './review.ts';

/**
 * What one profile holds and another does not, channel by channel, in words. Behaviours are the
 * same when they say the same; how often and when they were seen is no difference.
 */
export type DiffRow = {
  readonly change: 'added' | 'removed' | 'changed';
  readonly channel: Channel;
  readonly value: string;
  /** Of a changed one: what changed; else empty. */
  readonly detail: string;
};

export function diffRows(before: Review, after: Review): readonly DiffRow[] {
  const [old, now] = [byName(before), byName(after)];
  const rows: DiffRow[] = [];
  for (const [name, { channel, value, isOfOnePod }] of now) {
    const was = old.get(name);
    if (was === undefined) rows.push({ change: 'added', channel, value, detail: '' });
    else if (was.isOfOnePod !== isOfOnePod) {
      const detail = isOfOnePod ? 'one pod alone shows it now' : 'one pod alone showed it before';
      rows.push({ change: 'changed', channel, value, detail });
    }
  }
  for (const [name, { channel, value }] of old) {
    if (!now.has(name)) rows.push({ change: 'removed', channel, value, detail: '' });
  }
  return rows.toSorted((a, b) =>
    orderOf(a.channel) - orderOf(b.channel) || compare(a.value, b.value));
}

const byName = (review: Review): ReadonlyMap<string, ReviewedBehaviour> =>
  new Map(behavioursIn(review).map((one) => [`${one.channel}\u0000${one.value}`, one]));

const orderOf = (channel: Channel): number =>
  (LEARNED_CHANNELS as readonly Channel[]).indexOf(channel);

const compare = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;
