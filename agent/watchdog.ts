/**
 * Silence is a finding. One byte in a command line can kill a Falco that writes JSON (≤ 0.43), and
 * who stops the sensor first works in peace afterwards: so a Falco that is lost, or that says
 * nothing while containers run, is an alert with the last executions before it, and its return is
 * the next revision of the same alert.
 *
 * Pure: told what happens and asked on a timer. It keeps `EXECUTIONS_MAX` executions.
 */
import type { Alert, AlertBehaviour, Words } from '../baseline/alert.ts';
import { rfc3339 } from '../baseline/episode/time.ts';
import type { Exec } from '../baseline/observation.ts';
import { sensorAlert } from './sensor-alert.ts';
import type { Gap, SourceState } from './source/event.ts';

export const SILENT_MS = 300_000;
export const LOST_MS = 30_000;
export const EXECUTIONS_MAX = 8;

export type WatchdogOptions = {
  readonly cluster: string;
  readonly node: string;
  readonly newId: () => string;
  /** No event for this long while containers run. */
  readonly silentMs?: number;
  /** No connection to Falco for this long. */
  readonly lostMs?: number;
};

/** Both clocks: one to measure with, one to tell people. */
export type Moment = { readonly nowMs: number; readonly nowNs: bigint };

type Cause = 'lost' | 'silent';
type Alarm = {
  readonly cause: Cause;
  readonly alert: Alert;
  readonly sinceMs: number;
  readonly sinceNs: bigint;
};

export type WatchdogNews = {
  readonly alert: Alert;
  /** When events come again: the hole that there was. */
  readonly gap: Gap | null;
};

export class Watchdog {
  readonly #options: Required<WatchdogOptions>;
  readonly #executions: Exec[] = [];
  #state: SourceState['state'] = 'connecting';
  #detail = 'not connected yet';
  #connectedMs: number;
  #connectedNs: bigint;
  #heardMs: number;
  #heardNs: bigint;
  #alarm: Alarm | null = null;

  constructor(options: WatchdogOptions, start: Moment) {
    this.#options = { silentMs: SILENT_MS, lostMs: LOST_MS, ...options };
    this.#connectedMs = start.nowMs;
    this.#connectedNs = start.nowNs;
    this.#heardMs = start.nowMs;
    this.#heardNs = start.nowNs;
  }

  get isAlarmed(): boolean {
    return this.#alarm !== null;
  }

  noteEvents({ nowMs, nowNs }: Moment): void {
    this.#heardMs = nowMs;
    this.#heardNs = nowNs;
  }

  noteExec(exec: Exec): void {
    this.#executions.push(exec);
    if (this.#executions.length > EXECUTIONS_MAX) this.#executions.shift();
  }

  noteState({ state, detail }: SourceState, { nowMs, nowNs }: Moment): void {
    if (this.#state === 'streaming' || state === 'streaming') {
      this.#connectedMs = nowMs;
      this.#connectedNs = nowNs;
    }
    // A stream that opens is news of its own: its silence is measured from here.
    if (state === 'streaming') this.noteEvents({ nowMs, nowNs });
    this.#state = state;
    if (state !== 'connecting') this.#detail = detail;
  }

  check(now: Moment, containersRunning: number): WatchdogNews | null {
    if (this.#alarm !== null) return this.#recovered(this.#alarm, now);
    const cause = this.#cause(now.nowMs, containersRunning);
    if (cause === null) return null;
    const sinceMs = cause === 'lost' ? this.#connectedMs : this.#heardMs;
    const sinceNs = cause === 'lost' ? this.#connectedNs : this.#heardNs;
    const alert = this.#alert(cause, sinceNs, now, containersRunning);
    this.#alarm = { cause, alert, sinceMs, sinceNs };
    return { alert, gap: null };
  }

  #cause(nowMs: number, containersRunning: number): Cause | null {
    if (this.#state === 'ended') return null;
    if (this.#state !== 'streaming') {
      return nowMs - this.#connectedMs >= this.#options.lostMs ? 'lost' : null;
    }
    if (containersRunning === 0) return null;
    return nowMs - this.#heardMs >= this.#options.silentMs ? 'silent' : null;
  }

  #recovered({ cause, alert, sinceMs, sinceNs }: Alarm, now: Moment): WatchdogNews | null {
    const isBack = cause === 'lost' ? this.#state === 'streaming' : this.#heardMs > sinceMs;
    // A silent Falco whose connection then breaks is still the same story.
    if (!isBack || this.#state === 'disconnected') return null;
    this.#alarm = null;
    const seconds = Math.round((now.nowMs - sinceMs) / 1_000);
    // A lost connection is told as a gap by the source itself, which knows when it was lost.
    const gap: Gap | null =
      cause === 'lost'
        ? null
        : { fromNs: sinceNs, toNs: now.nowNs, cause: 'falco-silent', eventsEstimate: -1 };
    return {
      alert: {
        ...alert,
        revision: alert.revision + 1,
        lastTime: rfc3339(now.nowNs),
        reason: {
          en: `${alert.reason.en}; it is back after ${seconds} s, and what happened in between ` +
            'was not seen',
          zh: `${alert.reason.zh}；${seconds} 秒后恢复，其间发生的事件未被观测`,
        },
      },
      gap,
    };
  }

  #alert(cause: Cause, sinceNs: bigint, now: Moment, containersRunning: number): Alert {
    const { cluster, node, newId } = this.#options;
    const firstTime = rfc3339(sinceNs < now.nowNs ? sinceNs : now.nowNs);
    return sensorAlert({
      id: newId(),
      revision: 1,
      severity: 'high',
      cluster,
      node,
      firstTime,
      lastTime: rfc3339(now.nowNs),
      count: 1,
      reason: this.#reason(cause, firstTime, containersRunning),
      behaviours: this.#executions.map(lastExecution),
    });
  }

  #reason(cause: Cause, since: string, containersRunning: number): Words {
    const { node } = this.#options;
    return cause === 'lost'
      ? {
          en: `Falco on ${node} cannot be reached since ${since} (${this.#detail})`,
          zh: `节点 ${node} 上的 Falco 自 ${since} 起无法连接（${this.#detail}）`,
        }
      : {
          en: `Falco on ${node} has said nothing since ${since} while ${containersRunning} ` +
            'containers run',
          zh: `节点 ${node} 上有 ${containersRunning} 个容器在运行，但 Falco 自 ${since} 起没有任何事件`,
        };
  }
}

function lastExecution(exec: Exec): AlertBehaviour {
  const { process, container } = exec;
  return {
    channel: 'exec',
    value: `exec ${process.exe} ← ${process.parentName || process.parentExe}`,
    time: rfc3339(exec.timeNs),
    count: 1,
    score: 0,
    techniques: [],
    reason: {
      en: 'one of the last executions before the silence',
      zh: '静默前最后的进程执行之一',
    },
    process: {
      pid: process.pid,
      name: process.name,
      exe: process.exe,
      commandLine: exec.commandLine,
      uid: process.uid,
      ancestry: [process.parentName, ...exec.ancestors],
    },
    fields: {
      'container.id': container.id,
      'k8s.ns.name': container.namespace,
      'k8s.pod.name': container.pod,
    },
  };
}
