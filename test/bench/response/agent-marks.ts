import { Containment } from '../../../agent/contain/contain.ts';
import { Freezer } from '../../../agent/contain/freezer.ts';
import { Outbox } from '../../../agent/outbox/outbox.ts';
import type { Alert } from '../../../baseline/alert.ts';
import { Baseline } from '../../../baseline/baseline.ts';
import { BENCH_NAMESPACE, around, mark } from './marks.ts';

/** Loaded before the agent's program: marks of its stages. */

/** The rounds come one after the other. */
let commanded = '';
/** The pods in each batch under way. */
const sent = new Map<number, readonly string[]>();

const podsIn = (alerts: readonly Alert[]): readonly string[] =>
  alerts.filter(({ namespace }) => namespace === BENCH_NAMESPACE).map(({ podUid }) => podUid);

around(Baseline.prototype, 'observe', (observe) => function (this: Baseline, observation) {
  observe.call(this, observation);
  const { kind, container: { namespace, podUid } } = observation;
  if (kind === 'exec' && namespace === BENCH_NAMESPACE) mark('found', podUid);
});

around(Outbox.prototype, 'put', (put) => function (this: Outbox, alerts) {
  put.call(this, alerts);
  for (const podUid of podsIn(alerts)) mark('durable', podUid);
});

around(Outbox.prototype, 'seal', (seal) => function (this: Outbox) {
  const batch = seal.call(this);
  const pods = podsIn(batch?.alerts ?? []);
  for (const podUid of pods) mark('sent', podUid);
  if (batch !== null && pods.length > 0) sent.set(batch.sequence, pods);
  return batch;
});

around(Outbox.prototype, 'acknowledge', (acknowledge) =>
  function (this: Outbox, epoch, sequence) {
    for (const [known, pods] of sent) {
      if (known > sequence) continue;
      for (const podUid of pods) mark('stored', podUid);
      sent.delete(known);
    }
    return acknowledge.call(this, epoch, sequence);
  });

around(Containment.prototype, 'contain', (contain) => function (this: Containment, frame) {
  if (frame.action === 'freeze') {
    mark('called', frame.podUid);
    commanded = frame.podUid;
  }
  return contain.call(this, frame);
});

around(Freezer.prototype, 'bring', (bring) =>
  async function (this: Freezer, containers, wanted, withinMs) {
    const confirmed = await bring.call(this, containers, wanted, withinMs);
    const isFrozen = wanted === 'frozen' && confirmed.every(({ state }) => state === 'frozen');
    if (isFrozen) mark('frozen', commanded);
    return confirmed;
  });
