import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import type { Answer, Order, Said } from './orders.ts';

const program = join(import.meta.dirname, 'client.ts');

/** The processes that hold the agents' ends; what is asked of the crowd is shared among them. */
export class Crowd {
  readonly #clients: readonly ChildProcess[];

  constructor(processes: number) {
    this.#clients = Array.from({ length: processes }, () => fork(program));
  }

  open(address: string, links: number): Promise<readonly Said<'opened'>[]> {
    return this.#askEach('opened', ({ from, count }) => ({
      do: 'open', address, from, count,
    }), links);
  }

  load(
    active: number,
    alertsPerBatch: number,
    seconds: number,
  ): Promise<readonly Said<'loaded'>[]> {
    return this.#askEach('loaded', ({ count }) => ({
      do: 'load', active: count, alertsPerBatch, seconds,
    }), active);
  }

  comeBack(
    address: string,
    links: number,
    alerts: number,
  ): Promise<readonly Said<'came-back'>[]> {
    return this.#askEach('came-back', ({ from, count }) => ({
      do: 'come-back', address, from, count, alerts,
    }), links);
  }

  async close(): Promise<number> {
    const said = await this.#askEach('closed', () => ({ do: 'close' }), this.#clients.length);
    return said.reduce((sum, { ended }) => sum + ended, 0);
  }

  stop(): void {
    for (const client of this.#clients) client.kill('SIGKILL');
  }

  #askEach<K extends Answer['said']>(
    said: K,
    orderOf: (share: { readonly from: number; readonly count: number }) => Order,
    total: number,
  ): Promise<readonly Said<K>[]> {
    const per = Math.ceil(total / this.#clients.length);
    return Promise.all(this.#clients.map((client, index) => {
      const from = index * per;
      return ask(client, said, orderOf({ from, count: Math.max(0, Math.min(per, total - from)) }));
    }));
  }
}

function ask<K extends Answer['said']>(
  client: ChildProcess,
  said: K,
  order: Order,
): Promise<Said<K>> {
  return new Promise((resolve, reject) => {
    const ended = (status: number | null): void => {
      reject(new Error(`a process of the bench ended with ${status} while it did ${order.do}`));
    };
    client.once('exit', ended);
    client.once('message', (answer: Answer) => {
      client.off('exit', ended);
      if (answer.said === said) resolve(answer as Said<K>);
      else reject(new Error(`a process of the bench said ${answer.said} instead of ${said}`));
    });
    client.send(order);
  });
}
