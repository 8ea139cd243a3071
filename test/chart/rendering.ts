import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parse, parseAllDocuments } from 'yaml';

import type { KubeObject } from '../kube/admin.ts';

/** What Helm rendered, as objects, and the few ways into them that the tests need. */
export function parseObjects(text: string): readonly KubeObject[] {
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(document.errors[0]?.message);
    const object = document.toJS() as KubeObject | null;
    return object === null ? [] : [object];
  });
}

type KeyedBy = Readonly<Record<string, string>>;

export type Container = {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [probe: string]: unknown;
};

export type Volume = {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
  readonly configMap?: { readonly name: string };
  readonly [kind: string]: unknown;
};

export type PodTemplate = {
  readonly metadata: { readonly labels: KeyedBy; readonly annotations?: KeyedBy };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly [Container];
    readonly volumes: readonly Volume[];
    readonly [key: string]: unknown;
  };
};

export type Workload = {
  readonly kind: string;
  readonly name: string;
  readonly selector: KeyedBy;
  readonly template: PodTemplate;
  readonly claims: readonly string[];
};

const WORKLOADS = ['DaemonSet', 'Deployment', 'StatefulSet'];

export const workloadsOf = (objects: readonly KubeObject[]): readonly Workload[] =>
  objects.filter(({ kind }) => WORKLOADS.includes(kind)).map((object) => {
    const spec = object['spec'] as {
      readonly selector: { readonly matchLabels: KeyedBy };
      readonly template: PodTemplate;
      readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    };
    return {
      kind: object.kind,
      name: object.metadata.name,
      selector: spec.selector.matchLabels,
      template: spec.template,
      claims: (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
    };
  });

export const named = (
  objects: readonly KubeObject[],
  kind: string,
  name: string,
): KubeObject | undefined =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

export type Program = 'agent' | 'collector';

/** The settings of a program as the chart wrote them, or undefined where it does not run. */
const settingsOf = (objects: readonly KubeObject[], program: Program): string | undefined =>
  fileIn(objects, `${program}.yaml`);

function fileIn(objects: readonly KubeObject[], key: string): string | undefined {
  for (const { kind, data } of objects) {
    if (kind === 'ConfigMap') {
      const text = (data as KeyedBy | undefined)?.[key];
      if (text !== undefined) return text;
    }
  }
  return undefined;
}

export const parsedSettings = (
  objects: readonly KubeObject[],
  program: Program,
): Readonly<Record<string, unknown>> =>
  parse(settingsOf(objects, program) ?? '') as Readonly<Record<string, unknown>>;

const ROOT = join(import.meta.dirname, '..', '..');
const checked = new Map<string, string>();

/**
 * What the program itself says with `--check` about its settings, and about the policy that it would
 * find in its pod; empty when it takes them, or does not run.
 */
export function checkSettings(program: Program, objects: readonly KubeObject[]): string {
  const rendered = settingsOf(objects, program);
  if (rendered === undefined) return '';
  const policy = fileIn(objects, 'policy.yaml') ?? '';
  const known = checked.get(program + rendered + policy);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'lanner-chart-'));
  const file = join(folder, 'settings.yaml');
  writeFileSync(join(folder, 'policy.yaml'), policy);
  writeFileSync(file, rendered.replace('/etc/lanner/policy', folder));
  const main = join(ROOT, program, 'main.ts');
  const { status, stderr } = spawnSync(process.execPath, [main, '--config', file, '--check'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '' },
  });
  rmSync(folder, { recursive: true });
  const said = status === 0 ? '' : stderr || `exit status ${status}`;
  checked.set(program + rendered + policy, said);
  return said;
}
