import type { Call, CallEvents } from '../../agent/link/dial.ts';
import type { Chance } from './chance.ts';
import { Connection } from './connection.ts';
import type { Process, Scheduler } from './scheduler.ts';
import type { SimCollector } from './sim-collector.ts';

/** Which collector an agent reaches (any that is up and not cut off), and what is cut. */
const REFUSED_MS = 5;
/** A connection over a path that stays cut is given up by both sides. */
const GIVE_UP_MS = 30_000;

export class Network {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #collectors: SimCollector[] = [];
  readonly #connections = new Map<Connection, { agent: Process; collector: Process }>();
  /** `agent→collector` by name. */
  readonly #cut = new Set<string>();

  constructor(scheduler: Scheduler, chance: Chance) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  add(collector: SimCollector): void {
    this.#collectors.push(collector);
  }

  dial(agent: Process, on: CallEvents): Call {
    const reachable = this.#collectors.filter(
      (one) => one.isUp && !this.#isCut(agent.name, one.name),
    );
    const [first, ...others] = reachable;
    if (first === undefined) {
      let isOpen = true;
      this.#scheduler.after(REFUSED_MS, agent, () => {
        if (isOpen) on.onEnd('unavailable', 'no collector is reachable');
      });
      return {
        write: () => true,
        close: () => {
          isOpen = false;
        },
      };
    }
    const collector = this.#chance.oneOf([first, ...others]);
    const connection: Connection = new Connection(
      {
        scheduler: this.#scheduler,
        chance: this.#chance,
        agent,
        collector: collector.process,
        isCut: () => this.#isCut(agent.name, collector.name),
        onClosed: () => this.#connections.delete(connection),
      },
      on,
    );
    this.#connections.set(connection, { agent, collector: collector.process });
    collector.accept(connection.server.asGrpc());
    return connection.call();
  }

  cut(agent: string, collector: string): void {
    const path = pathOf(agent, collector);
    this.#cut.add(path);
    for (const [connection, ends] of this.#connections) {
      if (pathOf(ends.agent.name, ends.collector.name) !== path) continue;
      this.#scheduler.after(GIVE_UP_MS, ends.agent, () => {
        if (this.#connections.has(connection) && this.#cut.has(path)) connection.lost();
      });
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  /** The other end of each of its connections hears a reset, or nothing for a while. */
  processDied(process: Process): void {
    for (const [connection, { agent, collector }] of this.#connections) {
      if (agent === process) connection.agentGone();
      else if (collector === process) connection.serverGone('unavailable', 'connection reset');
    }
  }

  #isCut(agent: string, collector: string): boolean {
    return this.#cut.has(pathOf(agent, collector));
  }
}

const pathOf = (agent: string, collector: string): string => `${agent}→${collector}`;
