import type { Notice } from './notice.ts';
import type { Planned } from './plan.ts';
import type { Delivery, Failure } from './sender.ts';

/**
 * What became of the records of the part of the stream that is under way. Kept in memory only: after
 * a crash the part is sent again. Never larger than one read, see `keepOnly`.
 */
type Fate = {
  readonly isAdmitted: boolean;
  refusals: number;
  /** Refused together with others: it goes alone now. */
  isAlone: boolean;
  outcome: 'open' | 'sent' | 'dead';
  failure: Failure | undefined;
};

export type DeadNotice = {
  readonly notice: Notice;
  readonly reason: Failure['class'];
  readonly detail: string;
};

export type Settled = {
  /** Up to here nothing is left to do; undefined when the first is still open. */
  readonly position: number | undefined;
  readonly sent: readonly Notice[];
  readonly dead: readonly DeadNotice[];
  readonly counted: readonly { readonly reason: 'age' | 'rate' }[];
  readonly isAll: boolean;
};

export class Settling {
  readonly #refusalsMax: number;
  readonly #fates = new Map<string, Fate>();

  constructor(refusalsMax: number) {
    this.#refusalsMax = refusalsMax;
  }

  /** One answer for each uuid: a record that is planned again takes nothing from the limit. */
  admits(notice: Notice, ask: () => boolean): boolean {
    const known = this.#fates.get(notice.uuid);
    if (known !== undefined) return known.isAdmitted;
    const isAdmitted = ask();
    this.#fates.set(notice.uuid, {
      isAdmitted,
      refusals: 0,
      isAlone: false,
      outcome: 'open',
      failure: undefined,
    });
    return isAdmitted;
  }

  /** A record that got a new revision meanwhile has another uuid. */
  keepOnly(planned: readonly Planned[]): void {
    const uuids = new Set(planned.map((one) => {
      if (one.step === 'send') return one.notice.uuid;
      return one.step === 'count' ? one.uuid : '';
    }));
    for (const uuid of this.#fates.keys()) if (!uuids.has(uuid)) this.#fates.delete(uuid);
  }

  /** The next to send together; nothing when all have an outcome. */
  next(planned: readonly Planned[], max: number): readonly Notice[] {
    const open = planned.flatMap((one) =>
      (one.step === 'send' && this.#of(one.notice).outcome === 'open' ? [one.notice] : []));
    const together = open.filter((notice) => !this.#of(notice).isAlone).slice(0, max);
    return together.length > 0 ? together : open.slice(0, 1);
  }

  /** A failure that is worth waiting for; undefined when the rest may go on at once. */
  note(group: readonly Notice[], deliveries: readonly Delivery[]): Delivery {
    let wait: Delivery;
    group.forEach((notice, index) => {
      const fate = this.#of(notice);
      const delivery = deliveries[index];
      if (delivery === undefined) fate.outcome = 'sent';
      else if (delivery.kind === 'transient') wait = delivery;
      else if (delivery.isShared === true && group.length > 1) fate.isAlone = true;
      else {
        fate.refusals += 1;
        fate.failure = delivery;
        if (fate.refusals >= this.#refusalsMax || isHopeless(delivery)) fate.outcome = 'dead';
        else wait ??= delivery;
      }
    });
    return wait;
  }

  settled(planned: readonly Planned[]): Settled {
    const sent: Notice[] = [];
    const dead: DeadNotice[] = [];
    const counted: { reason: 'age' | 'rate' }[] = [];
    let position: number | undefined;
    let isAll = true;
    for (const one of planned) {
      if (one.step === 'count') counted.push({ reason: one.reason });
      if (one.step === 'send') {
        const { outcome, failure } = this.#of(one.notice);
        if (outcome === 'open') {
          isAll = false;
          break;
        }
        if (outcome === 'sent') sent.push(one.notice);
        else dead.push({ notice: one.notice, reason: failure?.class ?? 'rejected',
          detail: failure?.detail ?? '' });
      }
      position = one.position;
    }
    for (const { uuid } of [...sent, ...dead.map(({ notice }) => notice)]) this.#fates.delete(uuid);
    if (isAll) this.#fates.clear();
    return { position, sent, dead, counted, isAll };
  }

  #of(notice: Notice): Fate {
    const fate = this.#fates.get(notice.uuid);
    if (fate === undefined) throw new Error(`${notice.uuid} was sent and never admitted`);
    return fate;
  }
}

/** We refused it ourselves: it will be as large the next time. */
const isHopeless = ({ class: name }: Failure): boolean => name === 'too-large' || name === 'format';
