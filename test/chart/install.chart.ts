import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { Api } from './api.ts';
import { CHART, Helm } from './helm.ts';
import type { Values } from './helm.ts';
import { Release } from './release.ts';

/** A release from its first day to its last, at a real API server and by a real Helm. */
const folder = mkdtempSync(join(tmpdir(), 'lanner-chart-'));
const helm = new Helm(inject('helm'), folder);
const kubeconfig = inject('kubeconfig');
const api = new Api(kubeconfig);
const release = (name: string, namespace: string): Release =>
  new Release({ name, namespace, helm, api, kubeconfig });

afterAll(() => rmSync(folder, { recursive: true }));

/** The chart as a file, as it is published. */
function packaged(version: string): string {
  helm.ok(['package', CHART, '--version', version, '--app-version', version, '--destination', folder]);
  return join(folder, `lanner-${version}.tgz`);
}

const isIssuedBy = (certificate: X509Certificate, ca: string): boolean =>
  certificate.verify(new X509Certificate(ca).publicKey);

describe('a release', () => {
  const one = release('lanner', 'chart-life');
  let before: Readonly<Record<'token' | 'ca' | 'caKey' | 'cert', string>>;
  const keys = async (): Promise<typeof before> => ({
    token: (await one.secret('lanner-collector-token'))['token'] ?? '',
    ca: (await one.secret('lanner-ca'))['ca.crt'] ?? '',
    caKey: (await one.secret('lanner-ca-key'))['tls.key'] ?? '',
    cert: (await one.secret('lanner-collector-tls'))['tls.crt'] ?? '',
  });

  test('is installed, and every object of it is there', async () => {
    const said = one.install(CHART, {
      metrics: { serviceMonitor: { enabled: true } },
      falco: { transport: 'http' },
    });
    expect(said).toContain('STATUS: deployed');
    const missing: string[] = [];
    for (const object of one.objects()) {
      if (await api.read(object, one.namespace) === undefined) {
        missing.push(`${object.kind} ${object.metadata.name}`);
      }
    }
    expect(missing).toEqual([]);
    expect(one.objects().map(({ kind }) => kind)).toContain('ServiceMonitor');
    before = await keys();
  });

  test('has a token of 43 letters and certificates of its own authority', async () => {
    expect(before.token).toMatch(/^[A-Za-z0-9]{43}$/);
    const names = ['lanner-collector-tls', 'lanner-agent-falco-tls', 'lanner-falco-client'];
    const certificates = await Promise.all(names.map((name) => one.certificate(name)));
    expect(certificates.map((certificate) => isIssuedBy(certificate, before.ca)))
      .toEqual([true, true, true]);
    const server = await one.certificate('lanner-collector-tls');
    for (const name of ['lanner-link.chart-life.svc', 'lanner-collector']) {
      expect(server.checkHost(name)).toBe(name);
    }
    expect(server.ca).toBe(false);
    // The agents' Secret holds no key.
    expect(Object.keys(await one.secret('lanner-ca'))).toEqual(['ca.crt']);
  });

  test('keeps token, authority and certificates over an upgrade to other values', async () => {
    one.upgrade(CHART, {
      cluster: 'bank-1',
      falco: { transport: 'http' },
      collector: { config: { retention: { days: 7 } } },
    });
    expect(await keys()).toEqual(before);
    const settings = await one.read('ConfigMap', 'lanner-agent');
    expect(JSON.stringify(settings)).toContain('cluster: bank-1');
    // What the values no longer ask for is gone.
    expect(await one.read('ServiceMonitor', 'lanner-collector', 'monitoring.coreos.com/v1'))
      .toBeUndefined();
  });

  test('signs a new certificate when it has to name another host, with the same authority', async () => {
    one.upgrade(CHART, {
      falco: { transport: 'http' },
      collector: { api: { hosts: ['lanner.bank.example'] } },
    });
    const after = await keys();
    expect(after).toMatchObject({ token: before.token, ca: before.ca, caKey: before.caKey });
    const server = await one.certificate('lanner-collector-tls');
    expect(server.checkHost('lanner.bank.example')).toBe('lanner.bank.example');
    expect(isIssuedBy(server, before.ca)).toBe(true);
    before = after;
  });

  test('renews a certificate in the last third of its time, and no other', async () => {
    const falco = await one.certificate('lanner-agent-falco-tls');
    const secret = await one.read('Secret', 'lanner-collector-tls');
    const annotations = secret?.metadata['annotations'] as Readonly<Record<string, string>>;
    const renewAfter = Number(annotations['lanner.dev/renew-after']) * 1_000;
    const { validFromDate, validToDate } = new X509Certificate(before.cert);
    const share = (renewAfter - validFromDate.getTime()) /
      (validToDate.getTime() - validFromDate.getTime());
    expect(share).toBeCloseTo(2 / 3, 2);

    if (secret === undefined) throw new Error('no Secret');
    await api.admin.patch(secret, {
      metadata: { annotations: { 'lanner.dev/renew-after': '1' } },
    });
    one.upgrade(CHART, {
      falco: { transport: 'http' },
      collector: { api: { hosts: ['lanner.bank.example'] } },
    });
    const after = await keys();
    expect(after.cert).not.toBe(before.cert);
    expect(isIssuedBy(new X509Certificate(after.cert), before.ca)).toBe(true);
    expect((await one.certificate('lanner-agent-falco-tls')).fingerprint256)
      .toBe(falco.fingerprint256);
  });

  test('removed, leaves nothing', async () => {
    one.uninstall();
    expect(await api.everythingIn(one.namespace)).toEqual([]);
    expect(await api.everythingLabelled('app.kubernetes.io/instance=lanner')).toEqual([]);
  });
});

describe('from the chart before', () => {
  const one = release('sentry', 'chart-upgrade');
  const values: Values = { collector: { rbac: { scale: true } } };

  beforeAll(() => void one.install(packaged('0.1.0'), values));

  test('an upgrade keeps token and authority, and nothing of it is refused', async () => {
    const token = await one.secret('sentry-lanner-collector-token');
    const ca = await one.secret('sentry-lanner-ca');
    const said = one.upgrade(packaged('0.2.0'), values);
    expect(said).toContain('REVISION: 2');
    expect(await one.secret('sentry-lanner-collector-token')).toEqual(token);
    expect(await one.secret('sentry-lanner-ca')).toEqual(ca);
    const collector = await one.read('StatefulSet', 'sentry-lanner-collector', 'apps/v1');
    expect(JSON.stringify(collector)).toContain('lanner/collector:0.2.0');
  });

  test('a rollback goes the way back', async () => {
    one.rollback(1);
    const collector = await one.read('StatefulSet', 'sentry-lanner-collector', 'apps/v1');
    expect(JSON.stringify(collector)).toContain('lanner/collector:0.1.0');
  });

  test('to PostgreSQL it gives another workload, and the volume is not touched', async () => {
    // The volume that the StatefulSet's controller would have made.
    await api.admin.create({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data-sentry-lanner-collector-0', namespace: one.namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    one.upgrade(CHART, { collector: { store: {
      kind: 'postgres', postgres: { url: 'postgres://lanner@db/lanner' },
    } } });
    expect(await one.read('StatefulSet', 'sentry-lanner-collector', 'apps/v1')).toBeUndefined();
    expect(await one.read('Deployment', 'sentry-lanner-collector', 'apps/v1')).toBeDefined();
  });

  test('and removed, leaves the volume of the store alone', async () => {
    one.uninstall();
    expect(await api.everythingIn(one.namespace))
      .toEqual(['persistentvolumeclaims/data-sentry-lanner-collector-0']);
    expect(await api.everythingLabelled('app.kubernetes.io/instance=sentry')).toEqual([]);
  });
});

describe('two releases', () => {
  test('stand beside each other in one cluster', async () => {
    const [left, right] = [release('left', 'chart-left'), release('right', 'chart-right')];
    left.install(CHART);
    right.install(CHART);
    expect(await left.read('StatefulSet', 'left-lanner-collector', 'apps/v1')).toBeDefined();
    left.uninstall();
    expect(await right.read('StatefulSet', 'right-lanner-collector', 'apps/v1')).toBeDefined();
    expect(await api.everythingLabelled('app.kubernetes.io/instance=right')).toContain(
      'clusterroles/right-lanner-collector',
    );
    right.uninstall();
  });
});
