import { Exchange } from '../../agent/exchange.ts';
import { EvidenceBox } from '../../agent/link/evidence-box.ts';
import { Baseline } from '../../baseline/baseline.ts';
import type { Observation } from '../../baseline/observation.ts';
import { toDocument, withoutReporters } from '../../baseline/profile/document.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { exec, pod, read, START_MS, write } from '../../baseline/testing/observations.ts';
import type { DecisionsFrame, ProfileFrame } from '../../proto/lanner/v1/frames.ts';
import type { Chance } from './chance.ts';

/** What one agent learns from the pods of its node, and its exchange with the fleet. */
const IMAGES = ['shop/web', 'shop/api'] as const;
const PODS_PER_IMAGE = 2;
const PROGRAMS = ['gzip', 'find', 'curl', 'report', 'psql'] as const;
const WINDOW_MS = 5_000;

export class SimLearning {
  readonly box = new EvidenceBox();
  readonly #node: string;
  readonly #chance: Chance;
  readonly #baseline: Baseline;
  readonly #exchange: Exchange;

  constructor(node: string, chance: Chance, onRefused: (problem: string) => void) {
    this.#node = node;
    this.#chance = chance;
    this.#baseline = new Baseline({ cluster: 'sim', node, windowMs: WINDOW_MS });
    this.#exchange = new Exchange({
      profiles: this.#baseline,
      box: this.box,
      cache: null,
      onRefused: (key, error) => onRefused(`${node} refused the profile ${key}: ${error}`),
    });
  }

  get images() {
    return this.#baseline.progress().map(({ key, ...rest }) => ({ profileKey: key, ...rest }));
  }

  /**
   * A pod does something of what its image does; some of it under names of the moment. A calm one
   * shows nothing new.
   */
  live(nowMs: number, isCalm: boolean): void {
    const chance = this.#chance;
    const repository = chance.oneOf(IMAGES);
    const name = `${repository.slice(5)}-${this.#node}-${chance.between(1, PODS_PER_IMAGE)}`;
    const who = { in: pod({ repository, pod: name }), at: (nowMs - START_MS) / 1_000 };
    const did: Observation[] = [read('/srv/app/index.html', who)];
    const program = chance.oneOf(PROGRAMS);
    if (!isCalm) did.push(
      exec({ ...who, exe: `/usr/bin/${program}`, pid: 200, commandLine: program }),
      read(`/srv/app/${program}.html`, who),
      write(`/tmp/${program}-${chance.between(100, 999)}.tmp`, who),
    );
    for (const observation of did) this.#baseline.observe(observation);
    this.advance(nowMs);
  }

  advance(nowMs: number): void {
    this.#baseline.advance(BigInt(Math.round(nowMs)) * 1_000_000n);
    // Alerts of the simulation are its own.
    this.#baseline.takeAlerts();
  }

  gather(): Promise<boolean> {
    return this.#exchange.gather();
  }

  adopt(frame: ProfileFrame): Promise<void> {
    return this.#exchange.adopt(frame);
  }

  decide(frame: DecisionsFrame): void {
    void this.#exchange.decide(frame);
  }

  /** What each image is known to do here. */
  known(): ReadonlyMap<string, string> {
    const known = new Map<string, string>();
    for (const profile of this.#baseline.profiles.values()) {
      known.set(profile.key, behavioursIn(toDocument(profile)));
    }
    return known;
  }
}

/**
 * The names that were seen, by which pods, since when: what everything else is derived from. Not
 * how often and until when: that nothing new was seen is told only now and then.
 */
export function behavioursIn(document: ProfileDocument): string {
  const { channels } = withoutReporters(document);
  const families = Object.entries(channels).flatMap(([channel, { families: all }]) =>
    all.map(({ verb, by, detail, names }) => ({
      channel,
      verb,
      by,
      detail,
      names: names.map(([name, pods, , first]) => [name, pods, first]),
    })));
  return JSON.stringify(families);
}
