import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { afterEach, expect, test, vi } from 'vitest';
import {
  decodeContainerStatus,
  decodeIds,
  decodeImageStatus,
} from '../../proto/cri/messages.ts';
import { CRI_CALLS_MAX, CRI_QUEUE_MAX, Cri, imageFrom } from './cri.ts';
import type { IdentityAnswer } from './identity.ts';

/** The runtime's side is protobufjs on `runtime.proto`: it shares no code with what it tests. */
const root = protobuf.parse(
  readFileSync(new URL('../../proto/cri/runtime.proto', import.meta.url), 'utf8'),
  { keepCase: true },
).root;

const FULL_ID = '88963ee12219'.padEnd(64, '0');
const SANDBOX_ID = 'a2ce2d029b8f'.padEnd(64, '0');
const DIGEST = `sha256:${'eb'.repeat(32)}`;

type Call = { readonly request: Record<string, unknown> };
type Reply = (error: { code: number } | null, value?: object) => void;
type Methods = Record<string, (call: Call, reply: Reply) => void>;

const LABELS = {
  'io.kubernetes.container.name': 'notifier',
  'io.kubernetes.pod.name': 'notifier-kxxf8k9p86-pqvr6',
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.uid': 'b1fe8617',
};

const healthy: Methods = {
  ListContainers: (call, reply) => {
    const { id } = call.request['filter'] as { id: string };
    reply(null, { containers: FULL_ID.startsWith(id) ? [{ id: FULL_ID }] : [] });
  },
  ListPodSandbox: (call, reply) => {
    const { id } = call.request['filter'] as { id: string };
    reply(null, { items: SANDBOX_ID.startsWith(id) ? [{ id: SANDBOX_ID }] : [] });
  },
  ContainerStatus: (call, reply) => {
    if (call.request['container_id'] !== FULL_ID) return reply({ code: status.NOT_FOUND });
    reply(null, {
      status: {
        id: FULL_ID,
        metadata: { name: 'notifier' },
        image: { image: 'registry.local:5000/shop/notifier:3.2.1' },
        image_ref: `registry.local:5000/shop/notifier@${DIGEST}`,
        labels: LABELS,
      },
    });
  },
  ImageStatus: (_call, reply) => reply({ code: status.UNIMPLEMENTED }),
};

function definitionOf(name: string): ServiceDefinition {
  const service = root.lookupService(`runtime.v1.${name}`);
  return Object.fromEntries(
    service.methodsArray.map((method) => {
      const request = root.lookupType(`runtime.v1.${method.requestType}`);
      const response = root.lookupType(`runtime.v1.${method.responseType}`);
      return [
        method.name,
        {
          path: `/runtime.v1.${name}/${method.name}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: (value: object) => Buffer.from(request.encode(value).finish()),
          requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes)),
          responseSerialize: (value: object) =>
            Buffer.from(response.encode(response.fromObject(value)).finish()),
          responseDeserialize: (bytes: Buffer) => response.decode(bytes),
        },
      ];
    }),
  );
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function runtimeWith(methods: Methods = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'lanner-cri-'));
  const address = `unix://${join(dir, 'containerd.sock')}`;
  const server = new Server();
  const all = { ...healthy, ...methods } as unknown as UntypedServiceImplementation;
  server.addService(definitionOf('RuntimeService'), all);
  server.addService(definitionOf('ImageService'), all);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error));
  });
  cleanups.push(() => {
    server.forceShutdown();
    rmSync(dir, { recursive: true, force: true });
  });
  return address;
}

function criOn(address: string, deadlineMs = 10_000) {
  const answers = new Map<string, IdentityAnswer>();
  let passedMs = 0;
  const cri = new Cri({
    address,
    nowMs: () => Date.now() + passedMs,
    deadlineMs,
    onAnswer: (id, answer) => answers.set(id, answer),
  });
  cleanups.push(() => cri.stop());
  return { cri, answers, pass: (ms: number) => (passedMs += ms) };
}

test('a container is named with image, digest and pod', async () => {
  const { cri, answers } = criOn(await runtimeWith());
  cri.ask('88963ee12219');
  await vi.waitFor(() => expect(answers.size).toBe(1), 10_000);
  expect(answers.get('88963ee12219')).toEqual({
    kind: 'container',
    identity: {
      name: 'notifier',
      image: { repository: 'registry.local:5000/shop/notifier', tag: '3.2.1', digest: DIGEST },
      namespace: 'shop',
      pod: 'notifier-kxxf8k9p86-pqvr6',
      podUid: 'b1fe8617',
    },
  });
});

test('an image that is only an id is asked for by the image service', async () => {
  const address = await runtimeWith({
    ContainerStatus: (_call, reply) =>
      reply(null, { status: { image: { image: 'c0ffee' }, image_ref: 'a'.repeat(64) } }),
    ImageStatus: (call, reply) => {
      expect(call.request['image']).toEqual({ image: 'a'.repeat(64) });
      reply(null, {
        image: { repo_tags: ['q.io/web:1'], repo_digests: [`q.io/web@${DIGEST}`] },
      });
    },
  });
  const { cri, answers } = criOn(address);
  cri.ask('88963ee12219');
  await vi.waitFor(() => expect(answers.size).toBe(1), 10_000);
  expect(answers.get('88963ee12219')).toMatchObject({
    identity: { image: { repository: 'q.io/web', tag: '1', digest: DIGEST } },
  });
});

test('a pause container is known to have no image', async () => {
  const { cri, answers } = criOn(await runtimeWith());
  cri.ask('a2ce2d029b8f');
  await vi.waitFor(() => expect(answers.size).toBe(1), 10_000);
  expect(answers.get('a2ce2d029b8f')).toEqual({ kind: 'none' });
  expect(cri.counts.sandbox).toBe(1);
});

test('what the runtime does not know is not asked again for a minute', async () => {
  const { cri, answers, pass } = criOn(await runtimeWith());
  cri.ask('ffffffffffff');
  await vi.waitFor(() => expect(cri.counts.unknown).toBe(1), 10_000);
  cri.ask('ffffffffffff');
  pass(60_001);
  cri.ask('ffffffffffff');
  await vi.waitFor(() => expect(cri.counts.unknown).toBe(2), 10_000);
  expect(answers.size).toBe(0);
});

test('a runtime that hangs is given up after the deadline, and calls stay bounded', async () => {
  let open = 0;
  const address = await runtimeWith({ ListContainers: () => void (open += 1) });
  const { cri, answers } = criOn(address, 200);
  for (let index = 0; index < CRI_CALLS_MAX + CRI_QUEUE_MAX + 3; index += 1) cri.ask(`c${index}`);
  expect(cri.counts.overflow).toBe(3);
  await vi.waitFor(() => expect(cri.counts.failed).toBeGreaterThan(0), 10_000);
  expect(open).toBeLessThanOrEqual(cri.counts.failed + CRI_CALLS_MAX);
  expect(answers.size).toBe(0);
});

test('no socket at all is a failed answer, not a crash', async () => {
  const { cri } = criOn(`unix://${join(tmpdir(), 'lanner-no-such.sock')}`);
  cri.ask('88963ee12219');
  await vi.waitFor(() => expect(cri.counts.failed).toBe(1), 10_000);
});

test.each([
  ['r/a:1', `r/a@${DIGEST}`, 'r/a', '1', DIGEST],
  [`r/a@${DIGEST}`, '', 'r/a', '', DIGEST],
  ['localhost:5000/a', '', 'localhost:5000/a', '', ''],
  [DIGEST, `r/a@${DIGEST}`, 'r/a', '', DIGEST],
  [DIGEST, DIGEST, '', '', ''],
])('image %s with reference %s', (reference, digested, repository, tag, digest) => {
  expect(imageFrom(reference, digested)).toEqual({ repository, tag, digest });
});

test('any bytes decode to a value or to null', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decode of [decodeIds, decodeContainerStatus, decodeImageStatus]) {
        expect(decode(Buffer.from(bytes))).not.toBeUndefined();
      }
    }),
  );
});
