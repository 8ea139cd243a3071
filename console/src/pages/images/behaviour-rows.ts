import type { Channel } from '../../../../baseline/alert.ts';
import type { ProfileBehaviour, ProfileDetail } from
  '../../../../collector/api/contract/profile.ts';

/** Of all channels or one, those that hold each word of a text. */
export function behavioursFor(
  detail: Pick<ProfileDetail, 'channels'>,
  { channel, text }: { readonly channel: Channel | null; readonly text: string },
): readonly ProfileBehaviour[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return detail.channels
    .filter((one) => channel === null || one.channel === channel)
    .flatMap(({ items }) => items)
    .filter(({ value }) => {
      const lower = value.toLowerCase();
      return words.every((word) => lower.includes(word));
    });
}

/** All that there are, also those beyond what was sent. */
export const totalOf = (
  { channels }: Pick<ProfileDetail, 'channels'>,
  channel: Channel | null,
): number =>
  channels
    .filter((one) => channel === null || one.channel === channel)
    .reduce((sum, { total }) => sum + total, 0);

/** What people said of a behaviour of this profile, by channel and value. */
export function rulingsOf(
  detail: Pick<ProfileDetail, 'channels' | 'decisions'>,
): (channel: Channel, value: string) => 'accept' | 'reject' | null {
  const rulings = new Map<string, 'accept' | 'reject'>();
  for (const { channel, value, kind } of detail.decisions) {
    if (kind === 'accept' || kind === 'reject') rulings.set(nameOf(channel, value), kind);
  }
  for (const { items } of detail.channels) {
    for (const { channel, value, ruling } of items) {
      if (ruling !== null) rulings.set(nameOf(channel, value), ruling);
    }
  }
  return (channel, value) => rulings.get(nameOf(channel, value)) ?? null;
}

const nameOf = (channel: Channel, value: string): string => `${channel}\u0000${value}`;
