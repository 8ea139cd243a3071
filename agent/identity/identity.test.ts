import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Observation } from '../../baseline/observation.ts';
import { EventClock } from '../event-clock.ts';
import type { FalcoEvent } from '../source/event.ts';
import type { IdentityOptions } from './identity.ts';
import { ASK_AFTER_MS, Identity, WAIT_MS } from './identity.ts';
import { API, RUNC, event } from './sample-events.ts';

function identityWith(options: Partial<IdentityOptions> = {}) {
  const seen: Observation[] = [];
  const asked: string[] = [];
  const clock = new EventClock(() => 0);
  const identity = new Identity({
    node: 'node-a',
    clock,
    onObservation: (observation) => seen.push(observation),
    ask: (id) => asked.push(id),
    ...options,
  });
  return { identity, seen, asked };
}

const early = (ms: number, id = 'a1', fields: Record<string, string> = {}): FalcoEvent =>
  event(ms, { fields: { 'container.id': id, ...fields } });
const named = (ms: number, id = 'a1', fields: Record<string, string> = {}): FalcoEvent =>
  event(ms, { fields: { 'container.id': id, ...API, ...fields } });

test('events before the image wait, and come out in order with the identity', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0, 'a1', { 'proc.pid': '1' }));
  identity.receive(early(10, 'a1', { 'proc.pid': '2' }));
  expect(seen).toEqual([]);
  identity.receive(named(21, 'a1', { 'proc.pid': '3' }));
  expect(seen.map(({ process }) => process.pid)).toEqual([1, 2, 3]);
  for (const { container } of seen) {
    expect(container.image.repository).toBe('registry.local/shop/api');
    expect(container).toMatchObject({ scope: 'container', id: 'a1', workload: 'api' });
    expect(container.podUid).toBe(API['k8s.pod.uid']);
  }
});

test('what runc did before the entry point is attributed when the image comes', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0, 'a1', RUNC));
  identity.receive(named(20));
  expect(seen.map(({ kind }) => kind)).toEqual(['privileged', 'exec']);
  expect(identity.counts().dropped.runtime).toBe(0);
});

test('containers wait independently of each other', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0, 'a1'));
  identity.receive(early(1, 'b2'));
  identity.receive(named(2, 'b2'));
  expect(seen.map(({ container }) => container.id)).toEqual(['b2', 'b2']);
  expect(identity.counts().waiting).toBe(1);
});

test('when the wait runs out, runtime events are dropped and others go on without an image', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0, 'a1', RUNC));
  identity.receive(early(1, 'a1', { 'proc.name': 'sh', 'proc.exepath': '/bin/sh' }));
  identity.receive(named(WAIT_MS - 1, 'other'));
  identity.advance();
  expect(identity.counts().waiting).toBe(2);
  identity.receive(named(WAIT_MS, 'other'));
  identity.advance();
  const unnamed = seen.filter(({ container }) => container.id === 'a1');
  expect(unnamed.map(({ process }) => process.name)).toEqual(['sh']);
  expect(unnamed[0]?.container.image).toEqual({ repository: '', tag: '', digest: '' });
  expect(identity.counts()).toMatchObject({ waiting: 0, unnamed: 1, dropped: { runtime: 1 } });
});

test('a pause container never gets an image and leaves nothing behind', () => {
  const { identity, seen } = identityWith();
  const pause = { 'proc.name': 'pause', 'proc.exepath': '/pause', 'k8s.pod.name': 'web-x7k2p' };
  identity.receive(early(0, 'p1', pause));
  identity.receive(named(WAIT_MS, 'other'));
  identity.advance();
  identity.receive(early(WAIT_MS + 10, 'p1', pause));
  expect(seen.filter(({ container }) => container.id === 'p1')).toEqual([]);
  expect(identity.counts()).toMatchObject({ waiting: 0, dropped: { runtime: 2 } });
});

test('a process that only calls itself runc is judged', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0, '', { 'proc.name': 'runc:[1:CHILD]', 'proc.exepath': '/tmp/x' }));
  expect(seen.map(({ process }) => process.exe)).toEqual(['/tmp/x']);
});

test('a container that was given up is named as soon as its image comes', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0));
  identity.receive(named(WAIT_MS, 'other'));
  identity.advance();
  identity.receive(early(WAIT_MS + 1));
  identity.receive(named(WAIT_MS + 2));
  const images = seen
    .filter(({ container }) => container.id === 'a1')
    .map(({ container }) => container.image.tag);
  expect(images).toEqual(['', '', '2.0.3']);
});

test("a rule's alert with nothing but the container id gets the bound image and pod", () => {
  const { identity, seen } = identityWith();
  identity.receive(named(0));
  identity.receive(
    event(5, {
      rule: 'Terminal shell in container',
      tags: ['shell'],
      fields: { 'container.id': 'a1', 'container.name': 'api' },
    }),
  );
  expect(seen[1]).toMatchObject({ kind: 'rule', container: { pod: 'api-7dm2bcfmj4-hvdzt' } });
});

test('host events do not wait and are their own scope', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0, 'host'));
  expect(seen[0]?.container).toMatchObject({ scope: 'host', id: 'host' });
});

test('a full queue gives the container up instead of losing events', () => {
  const { identity, seen } = identityWith({ bounds: { perContainer: 3 } });
  for (let ms = 0; ms < 5; ms += 1) identity.receive(early(ms));
  expect(seen.length).toBe(5);
  expect(identity.counts().waiting).toBe(0);
});

test('a jump of the clock restarts the waits instead of ending all of them', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0));
  identity.receive(early(86_400_000, 'b2'));
  identity.advance();
  expect(seen).toEqual([]);
  identity.receive(named(86_400_020, 'a1'));
  expect(seen.map(({ container }) => container.image.tag)).toEqual(['2.0.3', '2.0.3']);
});

test('the CRI is asked once, late, and its answer releases what waits', () => {
  const { identity, seen, asked } = identityWith();
  identity.receive(early(0));
  identity.advance();
  expect(asked).toEqual([]);
  identity.receive(early(ASK_AFTER_MS));
  identity.advance();
  identity.advance();
  expect(asked).toEqual(['a1']);
  identity.resolved('a1', {
    kind: 'container',
    identity: {
      name: 'api',
      image: { repository: 'r/api', tag: '1', digest: 'sha256:aa' },
      namespace: 'shop',
      pod: 'api-7dm2bcfmj4-hvdzt',
      podUid: 'u1',
    },
  });
  expect(seen.map(({ container }) => container.workload)).toEqual(['api', 'api']);
  identity.receive(early(ASK_AFTER_MS + 1));
  expect(seen[2]?.container.podUid).toBe('u1');
});

test('a CRI that knows no such container ends the wait', () => {
  const { identity, seen } = identityWith();
  identity.receive(early(0));
  identity.resolved('a1', { kind: 'none' });
  expect(seen.length).toBe(1);
  expect(identity.counts().waiting).toBe(0);
});

test('a container runs from its first image to the exit of its entry point', () => {
  const { identity } = identityWith();
  identity.receive(named(0, 'a1', { 'proc.vpid': '1', 'proc.pid': '77' }));
  identity.receive(named(1, 'b2'));
  expect(identity.containersRunning()).toBe(2);
  identity.receive(named(5, 'a1', { 'evt.type': 'procexit', 'proc.pid': '78' }));
  expect(identity.containersRunning()).toBe(2);
  identity.receive(named(9, 'a1', { 'evt.type': 'procexit', 'proc.pid': '77' }));
  expect(identity.containersRunning()).toBe(1);
});

test('bindings are bounded, and an evicted container comes back with its next event', () => {
  const { identity, seen } = identityWith({ containersMax: 2 });
  for (const [ms, id] of [[0, 'a1'], [1, 'b2'], [2, 'c3'], [3, 'a1']] as const) {
    identity.receive(named(ms, id));
  }
  expect(identity.counts()).toMatchObject({ containers: 2, containersEvicted: 2 });
  expect(seen.length).toBe(4);
});

const anyEvent = fc
  .record({
    ms: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: -1e9, max: 1e9 })),
    id: fc.constantFrom('', 'host', 'a', 'b', 'c', 'd'),
    isNamed: fc.boolean(),
    isRunc: fc.boolean(),
    type: fc.constantFrom('execve', 'openat', 'unlink', 'connect', 'procexit', 'bogus', ''),
    source: fc.constantFrom('syscall', 'syscall', 'syscall', 'internal', 'k8s_audit'),
    tags: fc.constantFrom(['lanner'], []),
    noise: fc.dictionary(fc.constantFrom('fd.name', 'proc.pid', 'fd.sport'), fc.string()),
  })
  .map(({ ms, id, isNamed, isRunc, type, source, tags, noise }) =>
    event(ms, {
      source,
      tags,
      fields: {
        ...noise,
        ...(isRunc ? RUNC : {}),
        ...(isNamed ? API : {}),
        'container.id': id,
        'evt.type': type,
      },
    }),
  );

test('received = observed + waiting + dropped, whatever comes and in whatever order', () => {
  const bounds = { perContainer: 8, events: 16, containers: 3 };
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 200 }), fc.nat(30), (events, advanceEvery) => {
      const { identity, seen } = identityWith({ bounds, containersMax: 3 });
      events.forEach((one, index) => {
        identity.receive(one);
        if (index % (advanceEvery + 1) === 0) identity.advance();
        const counts = identity.counts();
        const dropped = Object.values(counts.dropped).reduce((sum, n) => sum + n, 0);
        expect(counts.received).toBe(counts.observed + counts.waiting + dropped);
        expect(counts.observed).toBe(seen.length);
        expect(counts.waiting).toBeLessThanOrEqual(bounds.events);
        expect(counts.containers).toBeLessThanOrEqual(3);
      });
    }),
  );
});
