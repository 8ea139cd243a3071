import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';

import type { Admin } from './admin.ts';

/** Stands before the API server as a load balancer does, and can cut answers in the middle. */
export type Proxy = {
  readonly server: string;
  /** Before a request is passed on, perhaps to another path. */
  onRequest: (line: string) => Promise<Fate>;
  close(): Promise<void>;
};

/** `cut` ends the connection after half of the answer's body. */
type Fate = 'pass' | 'cut' | { readonly path: string };

export async function startProxy(admin: Admin): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const sent = await readAll(incoming);
    const fate = await proxy.onRequest(`${incoming.method} ${incoming.url}`);
    const { host: _, ...headers } = incoming.headers;
    const path = typeof fate === 'object' ? fate.path : incoming.url ?? '/';
    const passed = request(new URL(path, admin.server), {
      method: incoming.method ?? 'GET',
      headers: { ...headers, 'accept-encoding': 'identity', 'content-length': sent.length },
      ca: Buffer.from(admin.caData, 'base64'),
      agent: false,
    });
    passed.end(sent);
    const [answer] = await once(passed, 'response') as [IncomingMessage];
    const body = await readAll(answer);
    const { 'transfer-encoding': _chunked, ...answered } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, { ...answered, 'content-length': body.length });
    if (fate === 'cut') outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
    else outgoing.end(body);
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy: Proxy = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onRequest: async () => 'pass',
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
  return proxy;
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
