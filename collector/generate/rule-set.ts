import type { PolicyPeer, PolicyPort } from './network-policy.ts';

/** Rules in an order that does not depend on who came first: peers with the same ports share. */
export class RuleSet {
  readonly #peers = new Map<string, { readonly peer: PolicyPeer; readonly ports: Set<string> }>();

  add(peer: PolicyPeer, ports: readonly PolicyPort[]): void {
    const key = JSON.stringify(peer);
    const known = this.#peers.get(key) ?? { peer, ports: new Set<string>() };
    for (const port of ports) known.ports.add(JSON.stringify(port));
    this.#peers.set(key, known);
  }

  /** Somebody may come by these ports. */
  allows(ports: readonly PolicyPort[]): boolean {
    return [...this.#peers.values()].some((known) =>
      ports.every((port) => known.ports.has(JSON.stringify(port))));
  }

  get rules(): readonly {
    readonly peers: readonly PolicyPeer[];
    readonly ports: readonly PolicyPort[];
  }[] {
    type Group = { readonly peers: [string, PolicyPeer][]; readonly ports: readonly PolicyPort[] };
    const groups = new Map<string, Group>();
    for (const [text, { peer, ports }] of this.#peers) {
      const sorted = [...ports].map((port) => JSON.parse(port) as PolicyPort).toSorted((a, b) =>
        (a.port ?? 0) - (b.port ?? 0) || (a.protocol < b.protocol ? -1 : 1));
      const key = JSON.stringify(sorted);
      const group = groups.get(key) ?? { peers: [], ports: sorted };
      group.peers.push([text, peer]);
      groups.set(key, group);
    }
    return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, { peers, ports }]) => ({
      peers: peers.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, peer]) => peer),
      ports,
    }));
  }
}
