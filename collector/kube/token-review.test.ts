import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ManualClock } from '../testing/clock.ts';
import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { aToken } from '../testing/tokens.ts';
import { connectKube } from './client.ts';
import type { Kube, KubeFailure } from './kube.ts';
import {
  ASKING_MAX,
  REFUSAL_TTL_MS,
  REVIEW_TTL_MS,
  REVIEWS_MAX,
  TokenReviews,
  WAITING_MAX,
} from './token-review.ts';

const username = 'system:serviceaccount:lanner:lanner-agent';
const audiences = ['lanner-collector'];
const nodeName = { 'authentication.kubernetes.io/node-name': ['node-1'] };
const pod = {
  'authentication.kubernetes.io/pod-name': ['agent-x'],
  'authentication.kubernetes.io/pod-uid': ['uid-agent-x'],
};
let folder: string;
let api: KubeApi;
let kube: Kube;
let clock: ManualClock;
let reviews: TokenReviews;
let troubles: KubeFailure[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-review-'));
  api = new KubeApi();
  const kubeconfig = writeKubeconfig(folder, await api.start());
  clock = new ManualClock();
  kube = await connectKube({ kubeconfig, now: () => clock.now(), deadlineMs: 500 });
  troubles = [];
  reviews = new TokenReviews({
    kube,
    audience: 'lanner-collector',
    serviceAccount: 'lanner/lanner-agent',
    clock,
    onUnavailable: (failure) => troubles.push(failure),
  });
});

afterEach(async () => {
  await kube.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

const inAnHour = (): string => aToken({ expiresAtMs: clock.now() + 3_600_000 });
const questions = (): number =>
  api.requests.filter((line) => line.endsWith('/tokenreviews')).length;

describe('a token', () => {
  test('of the agents’ account speaks for the node that it is bound to', async () => {
    const token = inAnHour();
    api.tokens.set(token, { username, audiences, extra: nodeName });
    expect(await reviews.review(token)).toEqual({
      ok: true,
      node: 'node-1',
      username,
      expiresAtMs: clock.now() + 3_600_000,
    });
  });

  test('bound to a pod alone speaks for the node of that pod, while it is that pod', async () => {
    api.addPod('lanner', 'agent-x', { spec: { nodeName: 'node-7' } });
    const token = inAnHour();
    api.tokens.set(token, { username, audiences, extra: pod });
    expect(await reviews.review(token)).toMatchObject({ ok: true, node: 'node-7' });
    // The pod was deleted and made again, on whatever node.
    api.addPod('lanner', 'agent-x', { uid: 'uid-successor', spec: { nodeName: 'node-8' } });
    clock.advance(REVIEW_TTL_MS);
    expect(await reviews.review(token)).toMatchObject({ ok: false, reason: 'no-node' });
    api.pods.clear();
    clock.advance(REVIEW_TTL_MS);
    expect(await reviews.review(token)).toMatchObject({ ok: false, reason: 'no-node' });
  });

  test.each([
    ['of another account', { username: 'system:serviceaccount:shop:web', audiences }, 'wrong-account'],
    ['of a person', { username: 'admin', audiences }, 'wrong-account'],
    ['for another audience', { username, audiences: ['vault'] }, 'token-refused'],
    ['of no pod', { username, audiences, extra: {} }, 'no-node'],
    ['bound to two nodes', {
      username,
      audiences,
      extra: { 'authentication.kubernetes.io/node-name': ['node-1', 'node-2'] },
    }, 'no-node'],
  ])('%s is refused', async (_, known, reason) => {
    const token = inAnHour();
    api.tokens.set(token, { extra: nodeName, ...known });
    expect(await reviews.review(token)).toMatchObject({ ok: false, reason });
  });

  test('that is none, or whose time is over, is refused without a question', async () => {
    const notYet = clock.now() - 1;
    const none = ['', 'x', 'a.b.c', 'e30.e30.e30', `a.${'b'.repeat(9_000)}.c`, 'a.bnVsbA.c'];
    for (const token of [...none, aToken({ expiresAtMs: notYet })]) {
      expect(await reviews.review(token)).toMatchObject({ ok: false, reason: 'token-refused' });
    }
    expect(questions()).toBe(0);
  });
});

describe('answers', () => {
  test('hold for their time, and a refusal for a shorter one', async () => {
    const token = inAnHour();
    api.tokens.set(token, { username, audiences, extra: nodeName });
    await reviews.review(token);
    clock.advance(REVIEW_TTL_MS - 1);
    await reviews.review(token);
    expect(questions()).toBe(1);
    // The pod was deleted: the API server no longer accepts its token.
    api.tokens.clear();
    clock.advance(1);
    expect(await reviews.review(token)).toMatchObject({ ok: false, reason: 'token-refused' });
    await reviews.review(token);
    expect(questions()).toBe(2);
    clock.advance(REFUSAL_TTL_MS);
    await reviews.review(token);
    expect(questions()).toBe(3);
  });

  test('end with the token, whatever their time', async () => {
    const token = aToken({ expiresAtMs: clock.now() + 1_000 });
    api.tokens.set(token, { username, audiences, extra: nodeName });
    expect(await reviews.review(token)).toMatchObject({ ok: true });
    clock.advance(1_000);
    expect(await reviews.review(token)).toMatchObject({ ok: false, reason: 'token-refused' });
  });

  test('to the same question are asked for once', async () => {
    const token = inAnHour();
    api.tokens.set(token, { username, audiences, extra: nodeName });
    const told = await Promise.all(Array.from({ length: 20 }, () => reviews.review(token)));
    expect(told.every(({ ok }) => ok)).toBe(true);
    expect(questions()).toBe(1);
  });

  test('that do not come let nobody in, and are not remembered', async () => {
    const token = inAnHour();
    api.tokens.set(token, { username, audiences, extra: nodeName });
    for (const status of [500, 403]) {
      api.refuse({ times: 5, status });
      expect(await reviews.review(token)).toMatchObject({ ok: false, reason: 'unavailable' });
    }
    expect(troubles.map(({ reason }) => reason)).toEqual(['unavailable', 'forbidden']);
    api.refuse({ times: 0, status: 500 });
    expect(await reviews.review(token)).toMatchObject({ ok: true });
  });

  test('are bounded, and so are questions', async () => {
    const gate = Promise.withResolvers<void>();
    let asking = 0;
    let mostAsking = 0;
    const many = new TokenReviews({
      kube: {
        readPod: (ref) => kube.readPod(ref),
        reviewToken: async () => {
          asking += 1;
          mostAsking = Math.max(mostAsking, asking);
          await gate.promise;
          asking -= 1;
          return {
            ok: true,
            value: {
              isAuthenticated: false,
              username: '',
              uid: '',
              groups: [],
              extra: new Map(),
              audiences: [],
              error: 'no',
            },
          };
        },
      },
      audience: 'a',
      serviceAccount: 'b/c',
      clock,
    });
    const ask = (n: number) =>
      many.review(aToken({ expiresAtMs: clock.now() + 3_600_000, subject: String(n) }));
    const asked = Array.from({ length: WAITING_MAX }, (_, n) => ask(n));
    expect(await ask(WAITING_MAX)).toMatchObject({ reason: 'unavailable' });
    expect(mostAsking).toBe(ASKING_MAX);
    gate.resolve();
    const told = await Promise.all(asked);
    expect(told.every((one) => !one.ok && one.reason === 'token-refused')).toBe(true);
    expect(mostAsking).toBe(ASKING_MAX);
    for (let n = 0; n < REVIEWS_MAX + 10; n += 1) await ask(n);
    expect(many.size).toBe(REVIEWS_MAX);
  });
});
