import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

import type { KubeObject } from '../kube/admin.ts';

/**
 * The definitions of cert-manager and the Prometheus operator as they ship them, out of their Go
 * modules, so that the API server checks the chart's objects by their schemas. OpenShift's module
 * is not tagged since 3.9: its SecurityContextConstraints come without a schema.
 */
const SOURCES = [{
  module: 'github.com/cert-manager/cert-manager@v1.19.1',
  files: ['certificates', 'issuers', 'clusterissuers']
    .map((name) => `deploy/crds/cert-manager.io_${name}.yaml`),
}, {
  module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  files: ['podmonitors', 'servicemonitors', 'prometheusrules']
    .map((name) => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`),
}] as const;

/** As `helm template --api-versions` has them. */
export const MONITORING = 'monitoring.coreos.com/v1';
export const CERT_MANAGER = 'cert-manager.io/v1';
export const OPENSHIFT = 'security.openshift.io/v1';

export const definitions = (): readonly KubeObject[] => [
  ...SOURCES.flatMap(({ module, files }) => {
    const folder = moduleFolder(module);
    return files.flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8'))
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => object !== null));
  }),
  SECURITY_CONTEXT_CONSTRAINTS,
];

function moduleFolder(module: string): string {
  const text = execFileSync('go', ['mod', 'download', '-json', module], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  return (JSON.parse(text) as { Dir: string }).Dir;
}

const SECURITY_CONTEXT_CONSTRAINTS: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'securitycontextconstraints.security.openshift.io' },
  spec: {
    group: 'security.openshift.io',
    scope: 'Cluster',
    names: {
      kind: 'SecurityContextConstraints',
      listKind: 'SecurityContextConstraintsList',
      plural: 'securitycontextconstraints',
      singular: 'securitycontextconstraints',
    },
    versions: [{
      name: 'v1',
      served: true,
      storage: true,
      schema: {
        openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    }],
  },
};
