import type { ClusterObjects, PodObject, ServiceObject } from './cluster-objects.ts';

/**
 * Who had an address at some time. Pods' addresses are given out again, so that who has one now says
 * nothing about who had it when a connection was made; where nothing covers that time the answer is
 * nobody, and never the nearest.
 */
export type AddressOwner =
  | { readonly kind: 'pod'; readonly pod: PodObject }
  | { readonly kind: 'service'; readonly service: ServiceObject };

export type AddressSpan = {
  readonly address: string;
  readonly owner: AddressOwner;
  readonly sinceMs: number;
  /** `Infinity` while the owner has it. */
  readonly untilMs: number;
};

export type SpanName = { readonly address: string; readonly uid: string };

export const uidOf = (owner: AddressOwner): string =>
  (owner.kind === 'pod' ? owner.pod.uid : owner.service.uid);

export const spanKey = ({ address, uid }: SpanName): string => `${address} ${uid}`;

/** What objects say about addresses by themselves. */
export function spansOf({ pods, services }: ClusterObjects): readonly AddressSpan[] {
  return [
    ...services.flatMap((service) => service.addresses.map((address): AddressSpan =>
      ({ address, owner: { kind: 'service', service }, ...timesOf(service) }))),
    // Pods of the host's network have the node's address, which then says nothing about the pod.
    ...pods.filter(({ isHostNetwork }) => !isHostNetwork).flatMap((pod) =>
      pod.addresses.map((address): AddressSpan =>
        ({ address, owner: { kind: 'pod', pod }, ...timesOf(pod) }))),
  ];
}

const timesOf = ({ sinceMs, untilMs }: Pick<AddressSpan, 'sinceMs' | 'untilMs'>) =>
  ({ sinceMs, untilMs });

export class AddressHistory {
  readonly #spans = new Map<string, AddressSpan[]>();
  /** By uid, those that are gone among them. */
  readonly pods = new Map<string, PodObject>();

  constructor(objects: ClusterObjects, past: readonly AddressSpan[] = []) {
    // What is listed now is newer than what was noted of the same object.
    for (const span of [...past, ...spansOf(objects)]) this.#add(span);
    for (const pod of objects.pods) if (pod.uid !== '') this.pods.set(pod.uid, pod);
  }

  #add(span: AddressSpan): void {
    const { address, owner } = span;
    if (owner.kind === 'pod') this.pods.set(owner.pod.uid, owner.pod);
    const spans = this.#spans.get(address);
    if (spans === undefined) this.#spans.set(address, [span]);
    else spans.push(span);
  }

  now(address: string): AddressOwner | undefined {
    return this.#spans.get(address)?.findLast(({ untilMs }) => untilMs === Infinity)?.owner;
  }

  /** Of several the one that got it last by then: the end of the others was not seen. */
  at(address: string, ms: number): AddressOwner | undefined {
    let found: AddressSpan | undefined;
    for (const span of this.#spans.get(address) ?? []) {
      if (span.sinceMs > ms || span.untilMs < ms) continue;
      if (found === undefined || span.sinceMs >= found.sinceMs) found = span;
    }
    return found?.owner;
  }
}

export type SpanChanges = {
  readonly opened: readonly AddressSpan[];
  readonly closed: readonly (SpanName & { readonly untilMs: number })[];
};

/**
 * What a list changes in what was noted. Whoever is gone had the address until the last list that
 * showed them, which is what is known; whoever says no time has had it since this list.
 */
export function changesOf(
  open: ReadonlySet<string>,
  objects: ClusterObjects,
  { listedMs, lastListedMs }: { readonly listedMs: number; readonly lastListedMs: number },
): SpanChanges {
  const listed = new Map(spansOf(objects).filter(({ owner }) => uidOf(owner) !== '')
    .map((span) => [spanKey({ address: span.address, uid: uidOf(span.owner) }), span]));
  const opened = [...listed].filter(([key]) => !open.has(key)).map(([, span]) =>
    ({ ...span, sinceMs: span.sinceMs === 0 ? Math.min(listedMs, span.untilMs) : span.sinceMs }));
  const closed = [...open].flatMap((key) => {
    const untilMs = listed.get(key)?.untilMs ?? lastListedMs;
    const [address = '', uid = ''] = key.split(' ');
    return untilMs === Infinity ? [] : [{ address, uid, untilMs }];
  });
  return { opened, closed };
}
