import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * What a Kubernetes Service is to the agents: one address, behind it the collectors that are up, in
 * turn. A connection ends when either end does.
 */
export class Balancer {
  readonly #server: Server;
  readonly #backends = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  constructor() {
    this.#server = createServer((socket) => this.#join(socket));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** `port` of a collector that is up, or undefined for one that is not. */
  set(name: string, port: number | undefined): void {
    if (port === undefined) this.#backends.delete(name);
    else this.#backends.set(name, port);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(agent: Socket): void {
    const ports = [...this.#backends.values()];
    this.#turn += 1;
    const port = ports[this.#turn % Math.max(1, ports.length)];
    this.#keep(agent);
    if (port === undefined) {
      agent.destroy();
      return;
    }
    const collector = connect(port, '127.0.0.1');
    this.#keep(collector);
    agent.once('close', () => collector.destroy());
    collector.once('close', () => agent.destroy());
    agent.pipe(collector).pipe(agent);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    // Every error is followed by the close that is acted on.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
