/**
 * The program that `outbox-kill.test.ts` kills: puts alerts and gaps without end and says each pair
 * only after both calls have returned. What it has said must be there afterwards.
 */
import { argv, stdout } from 'node:process';
import { rfc3339 } from '../../baseline/episode/time.ts';
import { systemClock } from '../source/clock.ts';
import { Outbox } from './outbox.ts';
import { alertWith } from './sample-alerts.ts';

const [path = '', start = '0'] = argv.slice(2);
const outbox = new Outbox({
  path,
  cluster: 'lab',
  node: 'node-a',
  newEpoch: () => 'epoch-of-the-writer',
  nowNs: () => systemClock.nowNs(),
  redact: { flags: new Set() },
  onReplaced: (failure) => {
    throw failure;
  },
});

for (let number = Number(start); ; number += 1) {
  outbox.put([alertWith({ id: `a${number}` })]);
  const from = rfc3339(BigInt(number) * 1_000_000_000n);
  outbox.addGap({ from, to: from, cause: 'overload', eventsEstimate: 1 });
  // Sealing runs between the puts, so that the kill can hit it as well.
  if (number % 7 === 0) outbox.seal();
  stdout.write(`${number}\n`);
}
