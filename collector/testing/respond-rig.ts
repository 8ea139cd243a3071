import pino from 'pino';
import { vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import { Responder } from '../respond/responder.ts';
import type { PersonProposal, ResponderOptions } from '../respond/responder.ts';
import type { Response, ResponseAction, ResponseTarget } from '../respond/response.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { Cluster } from './cluster.ts';
import { ManualClock } from './clock.ts';
import { FleetOfAgents } from './fleet-of-agents.ts';
import { aTarget } from './records.ts';

/** The responder on a real store in memory, with a cluster, agents and time in the test's hand. */
export const finalStates: readonly string[] = [
  'verified',
  'not-effective',
  'failed',
  'not-executed',
];

export class RespondRig {
  readonly clock = new ManualClock();
  readonly cluster = new Cluster();
  readonly agents = new FleetOfAgents();
  readonly raised: Alert[] = [];
  readonly decided: string[] = [];
  readonly store: Store;
  responder: Responder;
  policy: LoadedPolicy;
  #ids = 0;

  private constructor(store: Store, policy: string) {
    this.store = store;
    this.policy = policyOf(policy);
    this.responder = this.build();
  }

  static async start(policy = 'watchSeconds: 0'): Promise<RespondRig> {
    const store = await openStore({ path: ':memory:', clock: new ManualClock() });
    const rig = new RespondRig(store, policy);
    rig.responder.start();
    return rig;
  }

  build(over: Partial<ResponderOptions> = {}): Responder {
    return new Responder({
      store: this.store,
      clock: this.clock,
      log: pino({ level: 'silent' }),
      kube: this.cluster,
      agents: this.agents,
      isOwnCluster: () => Promise.resolve(true),
      policy: () => this.policy,
      alerts: {
        readAlert: (id) => this.store.readAlert(id),
        raise: async (alert) => {
          this.raised.push(alert);
        },
      },
      newId: () => `id-${this.#ids += 1}`,
      onFinished: () => undefined,
      onDecided: (reason) => this.decided.push(reason),
      onEscalated: () => undefined,
      ...over,
    });
  }

  /** As after a crash or with other options: the old one stops, the store stays. */
  async restart(over: Partial<ResponderOptions> = {}): Promise<void> {
    await this.responder.stop();
    this.responder = this.build(over);
    this.responder.start();
  }

  setPolicy(text: string): void {
    this.policy = policyOf(text);
  }

  async stop(): Promise<void> {
    await this.responder.stop();
    await this.store.close();
  }

  proposal(action: ResponseAction, over: ProposalOver = {}): PersonProposal {
    const { target, ...rest } = over;
    return {
      action,
      target: aTarget(target),
      terms: {},
      incidentId: 'incident-1',
      alertId: '',
      behaviours: [],
      by: 'ann',
      why: 'a test',
      ...rest,
    };
  }

  async propose(action: ResponseAction, over: ProposalOver = {}): Promise<string> {
    const proposed = await this.responder.propose(this.proposal(action, over));
    if (!proposed.ok) throw new Error(`not proposed: ${proposed.reason}`);
    return proposed.response.id;
  }

  async read(id: string): Promise<Response> {
    const response = await this.store.readResponse(id);
    if (response === undefined) throw new Error(`no response ${id}`);
    return response;
  }

  /** `state reason`, e.g. `not-executed budget`. */
  async state(id: string): Promise<string> {
    const { state, reason } = await this.read(id);
    return `${state} ${reason}`.trim();
  }

  /** Waits for that state, moving time on by `stepMs` while it waits. */
  async until(id: string, states: readonly string[], stepMs = 0): Promise<Response> {
    await vi.waitUntil(async () => {
      if (states.includes((await this.store.readResponse(id))?.state ?? '')) return true;
      if (stepMs > 0) this.clock.advance(stepMs);
      return false;
    }, { timeout: 20_000, interval: 2 });
    return this.read(id);
  }

  finished(id: string, stepMs = 0): Promise<Response> {
    return this.until(id, finalStates, stepMs);
  }

  async approved(action: ResponseAction, over: ProposalOver = {}): Promise<string> {
    const id = await this.propose(action, over);
    const approved = await this.responder.approve(id, 'bob');
    if (!approved.ok) throw new Error(`not approved: ${approved.reason}`);
    return id;
  }

  async execute(action: ResponseAction, over: ProposalOver = {}): Promise<Response> {
    return this.finished(await this.approved(action, over));
  }

  /** Newest last: `action actor`. */
  async audit(): Promise<readonly string[]> {
    const rows = await this.store.listAudit({ limit: 200 });
    return rows.toReversed().map(({ action, actor }) => `${action} ${actor}`);
  }
}

export type ProposalOver = Partial<Omit<PersonProposal, 'target'>> & {
  readonly target?: Partial<ResponseTarget>;
};

export function policyOf(text: string): LoadedPolicy {
  const load = loadPolicy('test.yaml', text);
  if (!load.ok) throw new Error(JSON.stringify(load.errors));
  return load.loaded;
}

export const webPod = (name: string): Partial<ResponseTarget> =>
  ({ pod: name, podUid: `uid-${name}` });
