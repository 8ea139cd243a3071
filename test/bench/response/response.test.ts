import { expect, test } from 'vitest';

import { measure } from './measure.ts';
import type { Measured } from './measure.ts';
import { parseOptions } from './options.ts';
import { jsonOf, reportOf } from './report.ts';

/** `npm run bench:response` measures; this only sees that a response goes all the way. */
const options = { rounds: 1, background: [20], isReal: false };

const stagesOf = (measured: Measured): readonly string[] =>
  measured.kind === 'series' ? Object.keys(measured.series.stagesP50Ms) : [];

test('the bench sees each stage of a kill and of a freeze, under other alerts', async () => {
  const kill = await measure('kill', 20, options);
  expect(kill).toMatchObject({ kind: 'series', series: { rounds: 1, failed: 0 } });
  const way = ['found', 'durable', 'sent', 'stored', 'correlated', 'decided', 'begun', 'called'];
  expect(stagesOf(kill)).toEqual(way);
  const freeze = await measure('freeze', 20, options);
  if (freeze.kind === 'skipped') console.log(`freeze is skipped: ${freeze.reason}`);
  else {
    expect(freeze.series).toMatchObject({ rounds: 1, failed: 0 });
    expect(stagesOf(freeze)).toEqual([...way, 'frozen']);
  }
  const results = {
    background: [20],
    kill: [kill],
    freeze: [freeze],
    loadAverages: [1],
    apiServer: 'the API double',
  };
  expect(reportOf(results)).not.toMatch(/undefined|NaN/);
  expect(jsonOf(results)).toMatchObject({ deleteRounds: { 20: 1 } });
}, 120_000);

test('options are whole numbers, and the loads are a list', () => {
  expect(parseOptions([])).toMatchObject({
    kind: 'run',
    options: { rounds: 100, background: [0, 100, 1_000], isReal: false },
  });
  expect(parseOptions(['--rounds', '0'])).toMatchObject({ kind: 'wrong' });
  expect(parseOptions(['--background', '0,x'])).toMatchObject({ kind: 'wrong' });
  expect(parseOptions(['--fast'])).toMatchObject({ kind: 'wrong' });
});
