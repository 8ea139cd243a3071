import { EventClock } from '../../../agent/event-clock.ts';
import { Identity } from '../../../agent/identity/identity.ts';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { Baseline } from '../../../baseline/baseline.ts';
import {
  mergeDocuments,
  stampReporter,
  toDocument,
  withoutReporters,
  type ProfileDocument,
} from '../../../baseline/profile/document.ts';
import type { Spans } from './detector.ts';
import { scaledTo } from '../../../demo/recording/scale.ts';
import type { Said } from './lanner.ts';
import { msOf } from './recording.ts';

/**
 * Several agents, each with the events of its own pods, that tell each other what they learned the
 * way a fleet does: documents to the collector, merged there, adopted by all.
 */

/** A fleet exchanges evidence once a minute; scaled like everything statistical, about a second. */
export const EXCHANGE_WINDOWS = 10;
const TAKE_EVERY_MS = 100;

export type FleetRun = {
  readonly said: readonly Said[];
  /** Profile key → what the collector holds at the end, but for who reported it. */
  readonly profiles: ReadonlyMap<string, ProfileDocument>;
  readonly adoptErrors: number;
};

type Member = { readonly node: string; readonly baseline: Baseline; readonly identity: Identity };

export function runFleet(
  events: readonly FalcoEvent[],
  agents: number,
  spans: Spans,
): FleetRun {
  const scale = scaledTo(spans.testStartMs - spans.trainStartMs);
  const members = Array.from({ length: agents }, (_, index) => newMember(`node-${index}`, scale));
  const agentOf = placement(events, agents);
  const collector = new Collector();
  const said: Said[] = [];
  const take = (nowMs: number): void => {
    for (const { baseline, identity } of members) {
      identity.advance();
      baseline.advance(BigInt(nowMs) * 1_000_000n);
      for (const alert of baseline.takeAlerts()) said.push({ alert, saidMs: nowMs });
    }
  };
  let nowMs = 0;
  let takenMs = 0;
  let exchangedMs = 0;
  for (const event of events) {
    members[agentOf(event)]?.identity.receive(event);
    nowMs = Math.max(nowMs, msOf(event));
    if (nowMs - takenMs < TAKE_EVERY_MS) continue;
    takenMs = nowMs;
    take(nowMs);
    if (nowMs - exchangedMs < EXCHANGE_WINDOWS * scale.windowMs) continue;
    exchangedMs = nowMs;
    collector.exchange(members);
  }
  take(nowMs);
  collector.takeWhole(members);
  return { said, profiles: collector.anonymous(), adoptErrors: collector.adoptErrors };
}

function newMember(node: string, scale: ReturnType<typeof scaledTo>): Member {
  const baseline = new Baseline({ cluster: 'bench', node, ...scale });
  const identity = new Identity({
    node,
    clock: new EventClock(() => 0),
    onObservation: (observation) => baseline.observe(observation),
  });
  return { node, baseline, identity };
}

class Collector {
  readonly profiles = new Map<string, ProfileDocument>();
  adoptErrors = 0;

  exchange(members: readonly Member[]): void {
    const changed = new Set<string>();
    for (const { node, baseline } of members) {
      for (const { key, document } of baseline.takeEvidence()) {
        this.#merge(key, document, node);
        changed.add(key);
      }
    }
    if (members.length < 2) return;
    for (const key of changed) {
      for (const { baseline } of members) {
        if (!baseline.adopt(key, this.profiles.get(key)).ok) this.adoptErrors += 1;
      }
    }
  }

  /** At the end: evidence is sent when something new was learned, counts go on without. */
  takeWhole(members: readonly Member[]): void {
    for (const { node, baseline } of members) {
      for (const profile of baseline.profiles.values()) {
        this.#merge(profile.key, toDocument(profile, 'own'), node);
      }
    }
  }

  anonymous(): ReadonlyMap<string, ProfileDocument> {
    return new Map([...this.profiles].map(([key, one]) => [key, withoutReporters(one)]));
  }

  #merge(key: string, document: ProfileDocument, node: string): void {
    const stamped = stampReporter(document, `bench/${node}`);
    const known = this.profiles.get(key) ?? stamped;
    this.profiles.set(key, mergeDocuments(known, stamped));
  }
}

/** A pod's events all go to one agent; what belongs to no pod goes to the first. */
function placement(
  events: readonly FalcoEvent[],
  agents: number,
): (event: FalcoEvent) => number {
  const podOf = new Map<string, string>();
  for (const { fields } of events) {
    const pod = fields.get('k8s.pod.name');
    const container = fields.get('container.id');
    if (pod !== undefined && container !== undefined) podOf.set(container, pod);
  }
  const numbers = new Map<string, number>();
  return ({ fields }) => {
    const pod = podOf.get(fields.get('container.id') ?? '');
    if (pod === undefined) return 0;
    let number = numbers.get(pod);
    if (number === undefined) {
      number = numbers.size % agents;
      numbers.set(pod, number);
    }
    return number;
  };
}
