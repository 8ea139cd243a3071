import { gunzipSync, gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { behavioursOf } from '../../baseline/behaviour/behaviour.ts';
import { toDocument } from '../../baseline/profile/document.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { ImageProfile } from '../../baseline/profile/image-profile.ts';
import { podHash } from '../../baseline/profile/pod-set.ts';
import { connect, exec, write } from '../../baseline/testing/observations.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { imageProfiles } from './image-profiles.ts';
import { ProfileBook } from './profile-book.ts';

const IMAGE = { repository: 'shop/web', tag: '1.0', digest: 'sha256:1' };

/** What an agent has learned of a pod that writes these files. */
function learned(pod: string, ...names: readonly string[]): Uint8Array {
  const profile = new ImageProfile('k', IMAGE);
  const seen = [exec({ commandLine: 'a -x' }), connect('10.0.0.1', 443),
    ...names.map((name) => write(`/var/log/${name}`))];
  for (const observation of seen) {
    profile.see(podHash(pod), 1_000, 'shop/web');
    for (const behaviour of behavioursOf(observation, () => null)) {
      profile.learn(behaviour, podHash(pod), 1_000);
    }
  }
  return gzipSync(JSON.stringify(toDocument(profile)));
}

test('real documents are merged, and the same evidence again changes nothing', async () => {
  const store = await openStore({ path: ':memory:', clock: new ManualClock() });
  const book = new ProfileBook({ store, algebra: imageProfiles, clock: new ManualClock() });
  const [one, two] = [learned('p1', 'access', 'error'), learned('p2', 'access', 'audit')];
  expect(await book.receive('k', one)).toMatchObject({ ok: true, changed: true });
  expect(await book.receive('k', one)).toMatchObject({ changed: false, senderLacks: false });
  expect(await book.receive('k', two)).toMatchObject({ changed: true, senderLacks: true });
  const merged = await book.receive('k', one);
  expect(merged).toMatchObject({ changed: false, senderLacks: true, profile: { revision: 2 } });
  if (!merged.ok) throw new Error(merged.reason);
  const text = gunzipSync(merged.profile.document).toString();
  for (const name of ['access', 'error', 'audit']) expect(text).toContain(`/var/log/${name}`);
  const document = JSON.parse(text) as ProfileDocument;
  expect(await book.receive('k', gzipSync(JSON.stringify(document)))).toMatchObject({
    changed: false,
    senderLacks: false,
  });
  await store.close();
});

test('a document of another form is refused with the place that is wrong', async () => {
  const store = await openStore({ path: ':memory:', clock: new ManualClock() });
  const book = new ProfileBook({ store, algebra: imageProfiles, clock: new ManualClock() });
  expect(await book.receive('k', gzipSync('{"format":"x"}'))).toMatchObject({
    ok: false,
    reason: 'invalid',
  });
  await store.close();
});
