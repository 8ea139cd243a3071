/**
 * The program that `outbox-kill.test.ts` kills: puts alerts without end and says each one only
 * after `put` has returned. What it has said must be there afterwards.
 */
import { argv, stdout } from 'node:process';
import { Outbox } from './outbox.ts';
import { alertWith } from './sample-alerts.ts';

const [path = '', start = '0'] = argv.slice(2);
const outbox = new Outbox({
  path,
  cluster: 'lab',
  node: 'node-a',
  newEpoch: () => 'epoch-of-the-writer',
  redact: { flags: new Set() },
  onReplaced: (failure) => {
    throw failure;
  },
});

for (let number = Number(start); ; number += 1) {
  outbox.put([alertWith({ id: `a${number}` })]);
  // Sealing and acknowledging run between the puts, so that the kill can hit them as well.
  if (number % 7 === 0) outbox.seal();
  stdout.write(`${number}\n`);
}
