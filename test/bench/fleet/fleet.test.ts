import { expect, test } from 'vitest';

import { compare } from './embedded-count.ts';
import { measureFleet } from './measure.ts';
import { parseOptions } from './options.ts';
import { reportOf } from './report.ts';

/** `npm run bench:fleet` measures; this only sees that all of it works. */
test('the bench measures all on a small fleet and finds nothing lost or doubled', async () => {
  const options = { links: 30, active: 10, returning: 10, seconds: 1, clients: 1 };
  const measured = await measureFleet(options, () => undefined);
  expect(measured).toMatchObject({
    idleLinks: 30,
    linksRefused: 0,
    linksEnded: 0,
    activeLinks: 10,
    returningAlerts: 600,
    catchUpRefused: 0,
    lost: 0,
    doubled: 0,
  });
  const numbers = [measured.activeAlertsPerSecond, measured.ackP99Ms, measured.calmAckP99Ms,
    measured.catchUpSeconds, measured.sqliteAlertsPerSecond, measured.postgresAlertsPerSecond,
    measured.idleRssMiB];
  expect(numbers.filter((number) => !(number > 0))).toEqual([]);
  expect(reportOf(measured)).not.toMatch(/undefined|NaN/);
}, 120_000);

test('what was acknowledged and is not there is lost, what is there twice is doubled', () => {
  expect(compare(10, { rows: 9, ids: 9, uncorrelated: 0 })).toEqual({ lost: 1, doubled: 0 });
  expect(compare(10, { rows: 12, ids: 10, uncorrelated: 0 })).toEqual({ lost: 0, doubled: 2 });
});

test('options are numbers from 1, and active links are links', () => {
  expect(parseOptions([])).toMatchObject({ kind: 'run', options: { links: 5_000, active: 1_000 } });
  expect(parseOptions(['--links', '0'])).toMatchObject({ kind: 'wrong' });
  expect(parseOptions(['--links', '5', '--active', '6'])).toMatchObject({ kind: 'wrong' });
  expect(parseOptions(['--nodes', '5'])).toMatchObject({ kind: 'wrong' });
});
