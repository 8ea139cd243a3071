import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../collector/clock.ts';
import { createSender } from '../../collector/outputs/create-sender.ts';
import type { Sender } from '../../collector/outputs/sender.ts';
import { anOutput } from '../../collector/outputs/testing/stream.ts';
import { hostileAlert } from '../../collector/testing/hostile-alerts.ts';
import { alertNotice, incidentNotice } from '../../collector/testing/notices.ts';
import { Program, answers, freePort, isInstalled } from './program.ts';

const has = isInstalled('prometheus-alertmanager', 'apt-get install -y prometheus-alertmanager');

type Shown = { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };

describe.skipIf(!has)('Prometheus Alertmanager', () => {
  let folder: string;
  let alertmanager: Program;
  let sender: Sender;
  let url: string;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lanner-alertmanager-'));
    const file = join(folder, 'alertmanager.yml');
    writeFileSync(file, 'route: {receiver: none}\nreceivers: [{name: none}]\n');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    alertmanager = new Program('prometheus-alertmanager', [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
    await alertmanager.until(() => answers(`${url}/-/ready`));
    sender = createSender({
      output: anOutput({ kind: 'alertmanager', url, labels: { team: 'soc' } }),
      version: '1',
      clock: systemClock,
      env: {},
    });
  });

  afterAll(async () => {
    await sender.close();
    await alertmanager.end();
    rmSync(folder, { recursive: true });
  });

  const firing = async (): Promise<readonly Shown[]> =>
    await (await fetch(`${url}/api/v2/alerts`)).json() as readonly Shown[];

  test('an incident fires, grows as the same one, and is resolved when it closes', async () => {
    expect(await sender.send([incidentNotice({ severity: 'low' })], signal)).toEqual([undefined]);
    expect(await sender.send([incidentNotice({ severity: 'critical', revision: 2 })], signal))
      .toEqual([undefined]);
    const [shown, ...others] = await firing();
    expect(others).toEqual([]);
    expect(shown).toMatchObject({
      labels: { alertname: 'LannerIncident', namespace: 'shop', team: 'soc' },
      annotations: { severity: 'critical', summary: 'bash in shop/web' },
    });
    await sender.send([incidentNotice({ state: 'closed', revision: 3 })], signal);
    await alertmanager.until(async () => (await firing()).length === 0);
  });

  test('takes whatever an attacker writes', async () => {
    const notices = fc.sample(hostileAlert, { numRuns: 200, seed: 7 })
      .map((alert, index) => alertNotice({ ...alert, id: `hostile-${index}` }));
    for (let start = 0; start < notices.length; start += 100) {
      const deliveries = await sender.send(notices.slice(start, start + 100), signal);
      expect(deliveries.filter((delivery) => delivery !== undefined)).toEqual([]);
    }
    const ids = new Set((await firing()).map(({ labels }) => labels['lanner_id']));
    expect(notices.filter(({ recordId }) => !ids.has(recordId))).toEqual([]);
  });
});
