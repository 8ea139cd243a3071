import type { CommandFrame } from '../proto/lanner/v1/frames.ts';
import type { Clock } from './clock.ts';
import type { AgentName, CommandQueue, QueuedCommand, QueuedOutcome } from './store/faces.ts';

/**
 * Takes a command to the replica that holds the agent's link: this one, without a detour, or
 * another one through the store. The command waits there as a row; the replica with the link claims
 * it, sends it and writes the outcome. A command is sent at most once. Bounds: `PENDING_MAX`
 * commands of this replica under way, each until its deadline; a command that nobody claims within
 * `CLAIM_MS` is withdrawn, because then no replica has a link to the agent.
 */
export const CLAIM_MS = 3_000;
export const PENDING_MAX = 256;

export type CommandBus = {
  /**
   * `no-link` when no replica took it: the agent has certainly not got it. `deadline` when one did
   * and nothing came back: it may have been carried out.
   */
  send(agent: AgentName, frame: CommandFrame, deadlineMs: number): Promise<QueuedOutcome>;
};

/** The links of this replica. */
export type LocalLinks = CommandBus & { isConnected(agent: AgentName): boolean };

export type CommandBusOptions = {
  readonly links: LocalLinks;
  /** Undefined where one process has all links. */
  readonly queue: CommandQueue | undefined;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly onFailed: (error: unknown) => void;
};

export class ReplicaCommandBus implements CommandBus {
  readonly #options: CommandBusOptions;
  readonly #pending = new Map<string, Bell>();
  readonly #taking = new Set<Promise<void>>();
  #serving: Promise<void> = Promise.resolve();
  #isWanted = false;
  #isStopped = false;
  #stopListening: () => void = () => undefined;

  constructor(options: CommandBusOptions) {
    this.#options = options;
  }

  start(): void {
    const { queue } = this.#options;
    if (queue === undefined) return;
    this.#stopListening = queue.onCommands(() => this.#wake(queue));
    this.#wake(queue);
  }

  /** Commands under way elsewhere end as `no-link` or `deadline`; those claimed here end here. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    for (const bell of this.#pending.values()) bell.ring();
    await this.#serving;
    await Promise.all(this.#taking);
  }

  async send(agent: AgentName, frame: CommandFrame, deadlineMs: number): Promise<QueuedOutcome> {
    const { links, queue, newId } = this.#options;
    if (links.isConnected(agent) || queue === undefined) return links.send(agent, frame, deadlineMs);
    if (this.#pending.size >= PENDING_MAX) return { ok: false, reason: 'busy' };
    // Not the frame's: the same command may be sent again while an earlier row is still there.
    const id = newId();
    const bell = new Bell();
    this.#pending.set(id, bell);
    try {
      return await this.#sendAfar(queue, bell, { id, agent, frame, remainingMs: deadlineMs });
    } finally {
      this.#pending.delete(id);
    }
  }

  async #sendAfar(
    queue: CommandQueue,
    bell: Bell,
    { id, agent, frame, remainingMs }: QueuedCommand,
  ): Promise<QueuedOutcome> {
    const { clock } = this.#options;
    const endMs = clock.now() + remainingMs;
    const claimMs = Math.min(clock.now() + CLAIM_MS, endMs);
    let isClaimed = false;
    await queue.put({ id, agent, frame, remainingMs });
    for (;;) {
      const outcome = await queue.take(id);
      if (outcome !== undefined) return outcome;
      const nowMs = clock.now();
      if (!isClaimed && (this.#isStopped || nowMs >= claimMs)) {
        if (await queue.withdraw(id)) return { ok: false, reason: 'no-link' };
        isClaimed = true;
      } else if (this.#isStopped || nowMs >= endMs) {
        return { ok: false, reason: 'deadline' };
      } else {
        await bell.wait(clock, (isClaimed ? endMs : claimMs) - nowMs);
      }
    }
  }

  /** Something happened to some command: to one we wait for, or to one that waits for us. */
  #wake(queue: CommandQueue): void {
    for (const bell of this.#pending.values()) bell.ring();
    if (this.#isWanted || this.#isStopped) return;
    this.#isWanted = true;
    this.#serving = this.#serving
      .then(() => {
        // From here on a wake is about something that this look may miss.
        this.#isWanted = false;
        return this.#serve(queue);
      })
      // The rows stay; the next wake, a poll at the latest, looks again.
      .catch((error: unknown) => this.#options.onFailed(error));
  }

  async #serve(queue: CommandQueue): Promise<void> {
    const { links } = this.#options;
    for (const { id, agent } of await queue.waiting()) {
      if (this.#isStopped) return;
      if (!links.isConnected(agent)) continue;
      const command = await queue.claim(id);
      if (command === undefined) continue;
      const taking: Promise<void> = this.#carryOut(queue, command)
        .catch((error: unknown) => this.#options.onFailed(error))
        .finally(() => this.#taking.delete(taking));
      this.#taking.add(taking);
    }
  }

  async #carryOut(queue: CommandQueue, command: QueuedCommand): Promise<void> {
    const { id, agent, frame, remainingMs } = command;
    await queue.finish(id, await this.#options.links.send(agent, frame, remainingMs));
  }
}

/** Waits for news, at most so long; what rang before the waiting began counts. */
class Bell {
  #isRung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  async wait(clock: Clock, ms: number): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(ms, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#isRung = false;
  }
}
