import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { Decisions, DECISIONS_MAX } from '../../baseline/profile/decisions.ts';
import type { Decision } from '../../baseline/profile/decisions.ts';
import type { Clock } from '../clock.ts';
import type { DecisionStore } from '../store/faces.ts';
import {
  decisionText,
  isInForce,
  isSaidByTakingBack,
  replacedBy,
  saysAlready,
} from './decision-rules.ts';
import type { Subject, Wish } from './decision-rules.ts';

/**
 * What people decided about profiles: who, when, why, and what was taken back. The store writes
 * each with its audit record; agents get those in force as one document. One wish at a time, so
 * that the bounds hold: `DECISIONS_MAX` in force, `DECISIONS_BYTES_MAX` of them as JSON (they
 * travel in one frame). A full list refuses and says which to undo; nothing goes by itself.
 */
export const DECISIONS_BYTES_MAX = 6 * 1_024 * 1_024;
const SHOWN_WHEN_FULL = 3;

const pack = promisify(gzip);

export type DecisionDocument = { readonly revision: number; readonly document: Uint8Array };

export type Decided =
  | {
    readonly ok: true;
    readonly decisions: readonly Decision[];
    /** Those whose place they take. */
    readonly undone: readonly Decision[];
  }
  | { readonly ok: false; readonly reason: 'exists' | 'full'; readonly detail: string };

export type Undone =
  | { readonly ok: true; readonly decision: Decision }
  | { readonly ok: false; readonly reason: 'not-found' | 'wrong-state'; readonly detail: string };

export type DecisionBookOptions = {
  readonly store: DecisionStore;
  readonly clock: Clock;
  readonly newId: () => string;
  /** After each change, when it is stored. */
  readonly onDecided?: (kind: Decision['kind'] | 'undo') => void;
  readonly decisionsMax?: number;
  readonly bytesMax?: number;
};

type By = { readonly by: string; readonly why: string };

type Standing = {
  readonly revision: number;
  readonly all: readonly Decision[];
  readonly inForce: readonly Decision[];
  /** As agents understand them. */
  readonly rules: Decisions;
};

export class DecisionBook {
  readonly #options: DecisionBookOptions;
  #standing: Standing | undefined;
  #packed: DecisionDocument | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DecisionBookOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly Decision[]> {
    return (await this.#read()).all;
  }

  async inForce(): Promise<readonly Decision[]> {
    return (await this.#read()).inForce;
  }

  /** What agents are sent. Another replica's decisions are in it as soon as they are stored. */
  async document(): Promise<DecisionDocument> {
    const { revision, inForce } = await this.#read();
    if (this.#packed?.revision === revision) return this.#packed;
    const packed = { revision, document: await pack(JSON.stringify(inForce)) };
    this.#packed = packed;
    return packed;
  }

  /** As agents understand what is in force now. */
  async rules(): Promise<Pick<Decisions, 'rulingOn' | 'isLocked'>> {
    return (await this.#read()).rules;
  }

  async isLocked(subject: Subject): Promise<boolean> {
    return (await this.#read()).rules.isLocked(nameOf(subject));
  }

  /** Of a later time than what a profile was learned from: that is to be forgotten. */
  async generationOf(subject: Subject): Promise<number> {
    return (await this.#read()).rules.generationOf(nameOf(subject));
  }

  /** Those that say something new; all of them or, when there is no room, none. */
  decide(wishes: readonly Wish[]): Promise<Decided> {
    return this.#inTurn(() => this.#decide(wishes));
  }

  undo(id: string, by: By): Promise<Undone> {
    return this.#inTurn(async () => {
      const found = (await this.#read()).all.find((decision) => decision.id === id);
      if (found === undefined) {
        return { ok: false, reason: 'not-found', detail: `there is no decision ${id}` };
      }
      if (!isInForce(found)) {
        return { ok: false, reason: 'wrong-state', detail: `it was undone by ${found.undoneBy}` };
      }
      if (found.kind === 'reset') {
        const detail = 'what was forgotten cannot be had back; import an exported profile instead';
        return { ok: false, reason: 'wrong-state', detail };
      }
      return { ok: true, decision: await this.#takeBack(found, by) };
    });
  }

  async #decide(asked: readonly Wish[]): Promise<Decided> {
    const { inForce } = await this.#read();
    const wishes = distinct(asked).filter((wish) => saysAlready(inForce, wish) === undefined);
    const [first] = wishes;
    if (first === undefined) {
      const same = asked[0] && saysAlready(inForce, asked[0]);
      return { ok: false, reason: 'exists', detail: `decided already: ${same?.id ?? 'nothing'}` };
    }
    const replaced = new Set(wishes.flatMap((wish) => replacedBy(inForce, wish)));
    const kept = inForce.filter((decision) => !replaced.has(decision));
    const decisions = wishes.filter((wish) => !isSaidByTakingBack(kept, wish))
      .map((wish) => this.#newDecision(wish));
    if (decisions.length === 0 && replaced.size === 0) {
      return { ok: false, reason: 'exists', detail: 'it is not locked' };
    }
    const full = this.#fullness([...kept, ...decisions]);
    if (full !== undefined) {
      return { ok: false, reason: 'full', detail: `${full}${whichToUndo(kept)}` };
    }
    const undone: Decision[] = [];
    // The old ones go first: a crash between the two leaves nothing decided, and an alert.
    for (const old of replaced) undone.push(await this.#takeBack(old, first));
    for (const decision of decisions) await this.#put(decision);
    return { ok: true, decisions, undone };
  }

  #newDecision(wish: Wish): Decision {
    const { clock, newId } = this.#options;
    const { kind, scope, profileKey, repository, channel, value, by, why } = wish;
    const at = new Date(clock.now()).toISOString();
    return { id: newId(), kind, scope, profileKey, repository, channel, value, by, at, why };
  }

  #fullness(decisions: readonly Decision[]): string | undefined {
    const { decisionsMax = DECISIONS_MAX, bytesMax = DECISIONS_BYTES_MAX } = this.#options;
    if (decisions.length > decisionsMax) return `${decisionsMax} decisions are the limit`;
    const bytes = Buffer.byteLength(JSON.stringify(decisions));
    return bytes > bytesMax ? `decisions of ${bytesMax} bytes are the limit` : undefined;
  }

  async #put(decision: Decision): Promise<void> {
    const { store, clock, onDecided } = this.#options;
    const { id, kind, scope, profileKey, repository, channel, value, by, why } = decision;
    await store.putDecision(decision, {
      atMs: clock.now(),
      actor: by,
      action: `profile.${kind}`,
      subject: id,
      detail: { scope, profileKey, repository, channel, value, why },
    });
    onDecided?.(kind);
  }

  async #takeBack(decision: Decision, { by, why }: By): Promise<Decision> {
    const { store, clock, onDecided } = this.#options;
    const atMs = clock.now();
    const undone = { ...decision, undoneBy: by, undoneAt: new Date(atMs).toISOString() };
    const { id, kind, scope, profileKey, repository, channel, value } = decision;
    await store.putDecision(undone, {
      atMs,
      actor: by,
      action: 'profile.undo',
      subject: id,
      detail: { kind, scope, profileKey, repository, channel, value, why },
    });
    onDecided?.('undo');
    return undone;
  }

  async #read(): Promise<Standing> {
    const { store } = this.#options;
    const revision = await store.decisionsRevision();
    if (this.#standing?.revision === revision) return this.#standing;
    const all = await store.listDecisions();
    const inForce = all.filter(isInForce);
    const rules = new Decisions();
    const replaced = rules.replace(inForce);
    assert(replaced.ok, `stored decisions are not valid: ${replaced.ok ? '' : replaced.error}`);
    const standing = { revision, all, inForce, rules };
    this.#standing = standing;
    return standing;
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#last.then(run);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function distinct(wishes: readonly Wish[]): readonly Wish[] {
  const byText = new Map(wishes.map((wish) => [JSON.stringify(wish), wish]));
  return [...byText.values()];
}

const nameOf = ({ profileKey, repository }: Subject) =>
  ({ key: profileKey, image: { repository } });

/** The oldest: what has been quiet longest is what nobody will miss. */
function whichToUndo(decisions: readonly Decision[]): string {
  const oldest = decisions
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, SHOWN_WHEN_FULL)
    .map((decision) => `${decision.id} (${decisionText(decision).slice(0, 120)}, ${decision.at})`);
  return `; undo one that is no longer needed, the oldest are: ${oldest.join('; ')}`;
}
