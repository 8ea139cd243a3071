/**
 * The newest document of each profile, gzipped, until the collector surely has it. There is no
 * acknowledgement for evidence (merging it twice does no harm), so everything kept is sent again
 * on every new link: also a collector that lost its disk learns what this node knows.
 */
export const EVIDENCE_PROFILES_MAX = 512;
export const EVIDENCE_BYTES_MAX = 32 * 1_024 * 1_024;

export type Evidence = {
  readonly key: string;
  readonly revision: number;
  readonly document: Uint8Array;
};

export class EvidenceBox {
  readonly #kept = new Map<string, Evidence>();
  readonly #unsent = new Set<string>();
  #bytes = 0;
  /** Profiles that had to go for newer ones; they come back when they change. */
  dropped = 0;

  put(evidence: Evidence): void {
    this.#remove(evidence.key);
    this.#kept.set(evidence.key, evidence);
    this.#bytes += evidence.document.length;
    this.#unsent.add(evidence.key);
    while (this.#bytes > EVIDENCE_BYTES_MAX || this.#kept.size > EVIDENCE_PROFILES_MAX) {
      const [oldest] = this.#kept.keys();
      if (oldest === undefined || oldest === evidence.key) break;
      this.#remove(oldest);
      this.dropped += 1;
    }
  }

  sendAllAgain(): void {
    for (const key of this.#kept.keys()) this.#unsent.add(key);
  }

  next(): Evidence | null {
    const [key] = this.#unsent;
    if (key === undefined) return null;
    this.#unsent.delete(key);
    return this.#kept.get(key) ?? null;
  }

  #remove(key: string): void {
    const old = this.#kept.get(key);
    if (old === undefined) return;
    this.#kept.delete(key);
    this.#unsent.delete(key);
    this.#bytes -= old.document.length;
  }
}
