import type { Flow, FlowActor, FlowChunk } from '../../../proto/lanner/v1/frames.ts';

/**
 * What a fleet sends: `NODES` nodes with `PODS` pods each, every pod 25 flows a minute: one to a
 * destination that everybody uses, 22 to its own forty, and two anywhere (crawlers, networks that
 * deliver content). Numbers look like chance and are the same each time.
 */
export const NODES = 100;
export const PODS = 20;
export const FLOWS_PER_CHUNK = 500;
export const MINUTE_MS = 60_000;
export const START = Date.UTC(2026, 10, 1);
export const DESTINATIONS = 2_000;
const OWN_DESTINATIONS = 40;
const ANYWHERE_OF = 25;
const ANYWHERE = 2;

const actorOf = (node: number, pod: number): FlowActor => ({
  namespace: `team-${pod % 5}`,
  pod: `app-${pod}-7k4r7fk9xj-n${node}`,
  podUid: `00000000-0000-4000-8000-${String(node).padStart(6, '0')}${String(pod).padStart(6, '0')}`,
  workload: `app-${pod}`,
  containerId: `c0ff${String(node).padStart(4, '0')}${String(pod).padStart(4, '0')}`,
  containerName: 'app',
  image: { repository: `registry.local/shop/app-${pod}`, tag: '1.0',
    digest: `sha256:${'a'.repeat(64)}` },
  process: 'app',
  exe: '/usr/bin/app',
});

/** 0 is the one that everybody uses. */
export const addressOf = (number: number): string =>
  number === 0 ? '203.0.113.9' : `198.51.${number >> 8}.${number & 255}`;

/** The `at`-th of a pod's own. */
export const ownOf = (pod: number, at: number): number =>
  1 + (pod * OWN_DESTINATIONS + at) % DESTINATIONS;

const mixed = (number: number): number => Math.imul(number, 2_654_435_761) >>> 8;

export function chunkOf(node: number, minute: number): FlowChunk {
  const startMs = START + minute * MINUTE_MS;
  const flows = Array.from({ length: FLOWS_PER_CHUNK }, (_, at): Flow => {
    const chance = mixed(node * 7_919 + minute * 104_729 + at);
    const pod = at % PODS;
    const first = startMs + chance % 30_000;
    return {
      actor: pod, direction: 'out', protocol: 'tcp', port: 443, name: '', outcome: 'ok',
      remoteAddress: addressOf(destinationOf(pod, Math.floor(at / PODS), chance, minute)),
      localAddress: `10.244.${node}.${pod}`, first, last: first + chance % 25_000,
      count: 1 + chance % 9,
      sourcePorts: [32_768 + chance % 28_000, 32_768 + chance % 27_000],
      portsBeyond: 0, folded: false,
    };
  });
  const actors = Array.from({ length: PODS }, (_, pod) => actorOf(node, pod));
  return { minute: startMs, actors, flows, watched: { from: startMs, to: startMs + MINUTE_MS } };
}

function destinationOf(pod: number, nth: number, chance: number, minute: number): number {
  if (nth === 0) return 0;
  if (nth >= ANYWHERE_OF - ANYWHERE) return 1 + chance % DESTINATIONS;
  return ownOf(pod, (nth + minute) % OWN_DESTINATIONS);
}
