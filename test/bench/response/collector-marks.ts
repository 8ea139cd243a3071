import { subscribe } from 'node:diagnostics_channel';

import { ReplicaCommandBus } from '../../../collector/command-bus.ts';
import { Responder } from '../../../collector/respond/responder.ts';
import { BENCH_NAMESPACE, around, mark } from './marks.ts';

/**
 * Loaded before the collector's program: marks of its stages. Requests to the API server are seen
 * where the HTTP client tells of them.
 */
around(Responder.prototype, 'consider', (consider) =>
  async function (this: Responder, incident, alert) {
    const isOurs = alert.namespace === BENCH_NAMESPACE;
    if (isOurs) mark('correlated', alert.podUid);
    await consider.call(this, incident, alert);
    if (isOurs) mark('decided', alert.podUid);
  });

around(ReplicaCommandBus.prototype, 'send', (send) =>
  function (this: ReplicaCommandBus, agent, frame, deadlineMs) {
    if (frame.action === 'freeze') mark('begun', frame.podUid);
    return send.call(this, agent, frame, deadlineMs);
  });

type Told = {
  readonly request: { readonly method: string; readonly path: string };
  readonly response?: { readonly statusCode: number };
};

const POD = new RegExp(`^/api/v1/namespaces/${BENCH_NAMESPACE}/pods/([^/?]+)`);

const podOf = ({ request: { method, path } }: Told): string | undefined =>
  method === 'DELETE' ? POD.exec(path)?.[1] : undefined;

subscribe('undici:request:create', (message) => {
  const pod = podOf(message as Told);
  if (pod !== undefined) mark('begun', pod);
});

subscribe('undici:request:headers', (message) => {
  const pod = podOf(message as Told);
  if (pod !== undefined && (message as Told).response?.statusCode === 200) mark('called', pod);
});
