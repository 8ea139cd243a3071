import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { KubeObject } from '../kube/admin.ts';
import { Api } from './api.ts';
import { contradictions, matrix, single } from './cases.ts';
import type { Case } from './cases.ts';
import { inconsistencies } from './consistency.ts';
import { CERT_MANAGER } from './crds.ts';
import { CHART, Helm } from './helm.ts';
import { checkSettings, parseObjects, parsedSettings, workloadsOf } from './rendering.ts';
import type { Program } from './rendering.ts';

/** What the chart renders, over its choices, as the API server and the programs see it. */
const folder = mkdtempSync(join(tmpdir(), 'lanner-chart-'));
const helm = new Helm(inject('helm'), folder);
const api = new Api(inject('kubeconfig'));
const NAMESPACE = 'chart-matrix';
const RESTRICTED = 'chart-restricted';

function render({ values, apiVersions = [], kubeVersion }: Omit<Case, 'name'>): readonly KubeObject[] {
  return parseObjects(helm.ok([
    'template', 'lanner', CHART, '--namespace', NAMESPACE, '--values', '-',
    '--kube-version', kubeVersion ?? inject('kubeVersion'),
    ...apiVersions.flatMap((version) => ['--api-versions', version]),
  ], values));
}

beforeAll(async () => {
  for (const name of [NAMESPACE, 'shop', 'web', RESTRICTED]) await api.admin.namespace(name);
  await api.admin.patch(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: RESTRICTED } },
    { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  );
});

afterAll(async () => {
  await api.admin.cleanUp();
  rmSync(folder, { recursive: true });
});

/** What the API server took once it need not take again. */
const taken = new Set<string>();

async function refused(objects: readonly KubeObject[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const object of objects) {
    const text = JSON.stringify(object);
    if (taken.has(text)) continue;
    const { status, body } = await api.apply(object, { namespace: NAMESPACE, dryRun: true });
    if (status >= 300) problems.push(`${object.kind} ${object.metadata.name}: ${sayOf(body)}`);
    else taken.add(text);
  }
  return problems;
}

const sayOf = (body: unknown): string => (body as { message?: string }).message ?? String(body);

test('helm finds nothing to say', () => {
  const said = helm.ok(['lint', CHART, '--strict', '--kube-version', inject('kubeVersion')]);
  expect(said).toContain('0 chart(s) failed');
  expect(said).not.toMatch(/\[(WARNING|ERROR)\]/);
});

describe('rendered with', () => {
  test.each([...matrix, ...single])('$name', async (given) => {
    const objects = render(given);
    expect(inconsistencies(objects, given.values)).toEqual([]);
    for (const program of ['agent', 'collector'] as const) {
      expect(checkSettings(program, objects)).toBe('');
    }
    if (given.isForeign !== true) expect(await refused(objects)).toEqual([]);
  });

  test.each(contradictions)('a contradiction fails with a sentence: %s', (_, values, word) => {
    const { status, err } = helm.run([
      'template', 'lanner', CHART, '--values', '-', '--kube-version', inject('kubeVersion'),
    ], values);
    expect(status).not.toBe(0);
    expect(err).toMatch(word);
  });

  test('a Kubernetes that is too old, it refuses', () => {
    const { status, err } = helm.run(['template', 'lanner', CHART, '--kube-version', '1.27.9']);
    expect(status).not.toBe(0);
    expect(err).toContain('kubeVersion');
  });
});

describe('Pod Security', () => {
  async function asPod(program: Program, values: Case['values'], apiVersions: readonly string[] = []) {
    const found = workloadsOf(render({ values, apiVersions }))
      .find(({ template }) => template.spec.containers[0].name === program);
    if (found === undefined) throw new Error(`no ${program} was rendered`);
    const { volumes, ...spec } = found.template.spec;
    const claims = found.claims.map((name) => ({ name, emptyDir: {} }));
    return api.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: program, labels: found.template.metadata.labels },
      spec: { ...spec, volumes: [...volumes, ...claims], serviceAccountName: 'default' },
    }, { namespace: RESTRICTED, dryRun: true });
  }

  test('the collector keeps to the strictest level', async () => {
    expect(await asPod('collector', {})).toMatchObject({ status: 201 });
    expect(await asPod('collector', {}, ['security.openshift.io/v1']))
      .toMatchObject({ status: 201 });
  });

  test('so does an agent without root', async () => {
    const values = { agent: { unprivileged: true }, falco: { transport: 'http' } };
    expect(await asPod('agent', values)).toMatchObject({ status: 201 });
  });

  test('of the agent as root are refused exactly the rights that it is known to need', async () => {
    const { status, body } = await asPod('agent', {});
    expect(status).toBe(403);
    const violated = sayOf(body).replace(/^.*?latest": /, '');
    expect(violated.replaceAll(/ \((?:[^()]|\([^()]*\))*\)/g, '').split(', ').toSorted()).toEqual([
      'forbidden AppArmor profile', 'host namespaces', 'restricted volume types',
      'runAsNonRoot != true', 'runAsUser=0', 'unrestricted capabilities',
    ]);
    expect(sayOf(body)).toContain(
      '"DAC_READ_SEARCH", "KILL", "SYS_PTRACE" in securityContext.capabilities.add',
    );
  });
});

describe('the notes', () => {
  const notes = (values: Case['values']): string =>
    helm.ok([
      'install', 'lanner', CHART, '--dry-run=client', '--namespace', NAMESPACE, '--values', '-',
      '--kubeconfig', inject('kubeconfig'),
    ], values).split('\nNOTES:\n')[1] ?? '';

  test('say what to do next, with the names of this release', () => {
    const said = notes({ falco: { transport: 'http' } });
    for (const word of [
      'pod-security.kubernetes.io/enforce=privileged', 'values-http.yaml', 'lanner-falco-client',
      'rollout status daemonset/lanner-agent', 'port-forward service/lanner-collector 8470',
      'secret lanner-collector-token', 'SQLite',
    ]) expect(said).toContain(word);
    expect(Math.max(...said.split('\n').map(({ length }) => length))).toBeLessThan(150);
  });

  test('leave out what does not concern this release', () => {
    const ingress = { enabled: true, host: 'lanner.bank.example' };
    const behind = notes({ collector: { ingress }, agent: { enabled: false } });
    expect(behind).toContain('https://lanner.bank.example');
    expect(behind).not.toMatch(/port-forward|daemonset|pod-security/);
    const elsewhere = notes({
      collector: { enabled: false },
      agent: { link: { address: 'central.example:8471', identity: 'certificate' } },
      tls: { source: 'existingSecret', existingSecret: 'central-ca' },
    });
    expect(elsewhere).toContain('report to central.example:8471');
    expect(elsewhere).not.toMatch(/console|token|SQLite/);
    for (const said of [behind, elsewhere]) expect(said).not.toContain('<no value>');
  });
});

describe('what is rendered', () => {
  const settings = (program: Program, values: Case['values']) =>
    parsedSettings(render({ values }), program);

  test('certificates name every host under which the collector is reached', () => {
    const dnsNames = render({
      apiVersions: [CERT_MANAGER],
      values: {
        tls: { source: 'certmanager' },
        collector: {
          api: { hosts: ['a.example'] },
          ingress: { enabled: true, host: 'b.example' },
          link: { hosts: ['c.example'] },
        },
      },
    }).filter(({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'lanner-collector')
      .flatMap(({ spec }) => (spec as { dnsNames: readonly string[] }).dnsNames);
    expect(dnsNames).toEqual(expect.arrayContaining([
      'lanner-link.chart-matrix.svc', 'lanner-collector.chart-matrix.svc', 'a.example',
      'b.example', 'c.example',
    ]));
  });

  test('a host of the Ingress is one that the API serves and sends people back to', () => {
    const { api: found } = settings('collector', {
      collector: { ingress: { enabled: true, host: 'lanner.bank.example' } },
    });
    expect(found).toMatchObject({
      hosts: expect.arrayContaining(['lanner.bank.example', 'lanner-collector.chart-matrix.svc']),
      publicUrl: 'https://lanner.bank.example',
    });
  });

  test('settings of one’s own win over those of the chart', () => {
    expect(settings('collector', { collector: { config: { link: { windowBatches: 4 } } } }))
      .toMatchObject({ link: { windowBatches: 4, identity: 'token' } });
    expect(settings('agent', { agent: { config: { cluster: 'other' } } }))
      .toMatchObject({ cluster: 'other' });
  });

  test('pods roll when settings change, and not when the policy does', () => {
    const checksum = (values: Case['values']): string | undefined =>
      workloadsOf(render({ values })).find(({ kind }) => kind === 'StatefulSet')
        ?.template.metadata.annotations?.['checksum/config'];
    const before = checksum({});
    expect(checksum({ collector: { config: { retention: { days: 7 } } } })).not.toBe(before);
    const under = (policy: string): string | undefined => checksum({ collector: { policy } });
    expect(under('rules: []\n')).toBe(under('rules: [{ name: a, action: label }]\n'));
  });

  test('before Kubernetes 1.30, AppArmor is told by an annotation', () => {
    const [agent] = workloadsOf(render({ values: {}, kubeVersion: '1.28.0' }));
    const { annotations } = agent?.template.metadata ?? {};
    expect(annotations?.['container.apparmor.security.beta.kubernetes.io/agent'])
      .toBe('unconfined');
    expect(JSON.stringify(agent)).not.toContain('appArmorProfile');
  });
});
