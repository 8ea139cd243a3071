import { expect, test } from 'vitest';
import { COMPLETION_DEFAULT } from './completion.ts';
import { HOST, pod } from '../testing/observations.ts';
import { ProfileBook, profileKey, PROFILES_MAX } from './profile-book.ts';

function book(): ProfileBook {
  return new ProfileBook({
    hostPool: 'blue',
    cluster: 'test',
    node: 'node-a',
    windowMs: 60_000,
    completion: COMPLETION_DEFAULT,
  });
}

test('a profile belongs to a digest, or to repository and tag where there is none', () => {
  expect(profileKey(pod(), 'blue')).toBe('shop/web@sha256:shop/web:1.0');
  expect(profileKey(pod({ digest: '' }), 'blue')).toBe('shop/web:1.0');
  expect(profileKey(pod({ digest: '', repository: '' }), 'blue')).toBe('unknown:shop');
  expect(profileKey(HOST, 'blue')).toBe('host:blue');
});

test('all pods of one image share its profile', () => {
  const profiles = book();
  const first = profiles.profileFor(pod({ pod: 'web-1' }));
  expect(profiles.profileFor(pod({ pod: 'web-2' }))).toBe(first);
  expect(profiles.size).toBe(1);
});

test('a new version has the one before as its parent, if that ever ran for a window', () => {
  const profiles = book();
  const old = profiles.profileFor(pod({ tag: '1.0' }));
  old.addWindows(1, { fromMs: 0, toMs: 1_000 }, 1);
  const never = profiles.profileFor(pod({ tag: '1.1' }));
  const next = profiles.profileFor(pod({ tag: '1.2' }));
  expect(old.parent).toBeNull();
  expect(never.parent).toBe(old);
  expect(next.parent).toBe(old);
});

test('another repository is another lineage, and unnamed images have none', () => {
  const profiles = book();
  profiles.profileFor(pod()).addWindows(1, { fromMs: 0, toMs: 1_000 }, 1);
  expect(profiles.profileFor(pod({ repository: 'shop/api' })).parent).toBeNull();
  const unnamed = profiles.profileFor(pod({ repository: '', digest: '' }));
  unnamed.addWindows(1, { fromMs: 0, toMs: 1_000 }, 1);
  const other = pod({ repository: '', digest: '', namespace: 'other' });
  expect(profiles.profileFor(other).parent).toBeNull();
});

test('beyond the bound the profile not seen for longest goes, and is counted', () => {
  const profiles = book();
  for (let n = 0; n < PROFILES_MAX; n += 1) {
    const profile = profiles.profileFor(pod({ repository: `r${n}` }));
    profile.addWindows(1, { fromMs: 0, toMs: n === 7 ? 1 : 1_000 + n }, 1);
  }
  profiles.profileFor(pod({ repository: 'one-more' })).addWindows(1, { fromMs: 0, toMs: 9_000 }, 1);
  expect(profiles.size).toBe(PROFILES_MAX);
  expect(profiles.forgotten).toBe(1);
  expect(profiles.get('r7@sha256:r7:1.0')).toBeUndefined();
  expect(profiles.get('r8@sha256:r8:1.0')).toBeDefined();
});

test('an image that came just now is not the first to go', () => {
  const profiles = book();
  for (let n = 0; n < PROFILES_MAX; n += 1) {
    profiles.profileFor(pod({ repository: `r${n}` })).addWindows(1, { fromMs: 0, toMs: 1_000 + n }, 1);
  }
  for (const repository of ['new-1', 'new-2']) {
    profiles.profileFor(pod({ repository })).see(1, 9_000);
  }
  expect(profiles.get('new-1@sha256:new-1:1.0')).toBeDefined();
  expect(profiles.get('r1@sha256:r1:1.0')).toBeUndefined();
});

test('the child of a forgotten version inherits from the one before that', () => {
  const profiles = book();
  const tags = ['1', '2', '3'].map((tag) => {
    const profile = profiles.profileFor(pod({ tag }));
    profile.addWindows(1, { fromMs: 0, toMs: tag === '2' ? 1 : 5_000 }, 1);
    return profile;
  });
  for (let n = 0; n < PROFILES_MAX - 2; n += 1) {
    profiles.profileFor(pod({ repository: `r${n}` })).addWindows(1, { fromMs: 0, toMs: 6_000 }, 1);
  }
  expect(profiles.get(tags[1]?.key ?? '')).toBeUndefined();
  expect(tags[2]?.parent).toBe(tags[0]);
});
