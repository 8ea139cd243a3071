import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

import { makeCertificates } from './certificates.ts';
import type { Admin } from './admin.ts';
import { node } from './objects.ts';

/**
 * As much of a kubelet as the API server asks for when somebody wants a log: HTTPS under
 * `/containerLogs`. Without it the API server can say no more than that the node is not there.
 */
export type Kubelet = {
  /** By `namespace/pod/container`. */
  readonly logs: Map<string, string>;
  /** As received. */
  readonly requests: string[];
  close(): Promise<void>;
};

export async function startKubelet(admin: Admin, name: string): Promise<Kubelet> {
  const { serverCert, serverKey } = await makeCertificates();
  const logs = new Map<string, string>();
  const requests: string[] = [];
  const server = createServer({ cert: serverCert, key: serverKey }, (request, response) => {
    requests.push(request.url ?? '');
    const url = new URL(request.url ?? '/', 'https://kubelet');
    const log = logs.get(url.pathname.replace('/containerLogs/', ''));
    const isPrevious = url.searchParams.get('previous') === 'true';
    if (log === undefined || isPrevious) {
      response.writeHead(400).end(`previous terminated container not found`);
      return;
    }
    const tail = log.trimEnd().split('\n').slice(-Number(url.searchParams.get('tailLines') ?? 0));
    const limit = Number(url.searchParams.get('limitBytes') ?? Infinity);
    response.writeHead(200, { 'content-type': 'text/plain' })
      .end(Buffer.from(`${tail.join('\n')}\n`).subarray(0, limit));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const object = node(name);
  await admin.create(object);
  await admin.patch(object, {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: (server.address() as AddressInfo).port } },
    },
  }, '/status');
  return {
    logs,
    requests,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
