/**
 * The program that `link-kill.test.ts` kills: an outbox with its link, into which alerts and gaps
 * go without end. It says each pair only after both are on disk.
 */
import { argv, stdout } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { rfc3339 } from '../../baseline/episode/time.ts';
import { Outbox } from '../outbox/outbox.ts';
import { alertWith } from '../outbox/sample-alerts.ts';
import { systemClock } from '../source/clock.ts';
import { linkOf } from './sample-link.ts';

const [path = '', start = '0', address = ''] = argv.slice(2);
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
const link = linkOf(outbox, address);
link.start();

for (let number = Number(start); ; number += 1) {
  outbox.put([alertWith({ id: `a${number}` })]);
  const from = rfc3339(BigInt(number) * 1_000_000_000n);
  outbox.addGap({ from, to: from, cause: 'overload', eventsEstimate: 1 });
  stdout.write(`${number}\n`);
  link.wake();
  await wait(1);
}
