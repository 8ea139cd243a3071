import type { Alert, Severity } from '../../baseline/alert.ts';
import type { FlowRow } from '../flows/flow-store.ts';

/** Which alerts stand behind a flow: those of its pod, or of the pod it came from, at that time. */
export type AlertSeen = {
  readonly id: string;
  readonly severity: Severity;
  /** It shows this very connection. */
  readonly namesIt: boolean;
};

/** An episode begins with what was judged first, and what an intruder left running goes on. */
const ALERT_SLACK_MS = 60_000;

type Times = { readonly alert: Alert; readonly fromMs: number; readonly toMs: number };

export class AlertIndex {
  readonly #byPod = new Map<string, Times[]>();

  constructor(alerts: readonly Alert[]) {
    for (const alert of alerts) {
      // What an upgrade brings and what a sensor lost is nobody's attack.
      if (alert.podUid === '' || alert.kind === 'upgrade' || alert.kind === 'sensor') continue;
      const times = {
        alert,
        fromMs: Date.parse(alert.firstTime) - ALERT_SLACK_MS,
        toMs: Date.parse(alert.lastTime) + ALERT_SLACK_MS,
      };
      const known = this.#byPod.get(alert.podUid);
      if (known === undefined) this.#byPod.set(alert.podUid, [times]);
      else known.push(times);
    }
  }

  /** `peerUid`: of the pod at the other end; empty where there is none. */
  behind(row: FlowRow, peerUid: string): readonly AlertSeen[] {
    const isOut = row.direction === 'out';
    const own = this.#of(row.who.podUid, row).map(({ alert }) =>
      seen(alert, isOut ? `connect ${row.address}:${row.port}/` : 'accept '));
    if (isOut || peerUid === '') return own;
    const callers = this.#of(peerUid, row).map(({ alert }) =>
      seen(alert, `connect ${row.who.localAddress}:${row.port}/`));
    return [...own, ...callers];
  }

  #of(podUid: string, { firstMs, lastMs }: FlowRow): readonly Times[] {
    return (this.#byPod.get(podUid) ?? []).filter(({ fromMs, toMs }) =>
      fromMs <= lastMs && toMs >= firstMs);
  }
}

const seen = ({ id, severity, behaviours }: Alert, value: string): AlertSeen => ({
  id,
  severity,
  namesIt: behaviours.some((one) => one.channel === 'net' && one.value.startsWith(value)),
});
