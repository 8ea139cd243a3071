import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The chart for those without Helm. Keys and tokens are not in it: two Secrets have to be made
 * first, which each file's head says. The digest of the chart stands in it, so that a test without
 * Helm sees a chart that was changed and not rendered.
 */
export type ManifestVariant = {
  readonly file: string;
  readonly what: string;
  readonly arguments: readonly string[];
  /** Shell lines that make the Secrets of this variant alone. */
  readonly secrets?: readonly string[];
};

const COMMON = [
  '--namespace', 'lanner', '--kube-version', '1.34.0',
  '--set', 'namespace.create=true',
  '--set', 'tls.source=existingSecret', '--set', 'tls.existingSecret=lanner-tls',
  '--set', 'collector.api.existingTokenSecret=lanner-token',
  '--set', 'falco.http.existingSecret=lanner-falco-tls',
];

export const manifestVariants: readonly ManifestVariant[] = [{
  file: 'lanner.yaml',
  what: 'one collector with SQLite, Falco 0.40 to 0.43 by its socket',
  arguments: COMMON,
}, {
  file: 'lanner-http.yaml',
  what: 'one collector with SQLite, Falco 0.44 and later by HTTP',
  arguments: [...COMMON, '--set', 'falco.transport=http'],
  // Falco checks the agent's certificate, and the agent Falco's: one authority for both.
  secrets: [
    'cp -r pki pki-falco',
    'lannerctl pki issue collector --dir pki-falco --force --dns lanner-agent.lanner.svc',
    'kubectl -n lanner create secret generic lanner-falco-tls --from-file=ca.crt=pki/ca.pem \\',
    '  --from-file=tls.crt=pki-falco/collector.pem --from-file=tls.key=pki-falco/collector.key',
  ],
}, {
  file: 'lanner-postgres.yaml',
  what: 'two collectors with PostgreSQL, Falco 0.40 to 0.43 by its socket',
  arguments: [
    ...COMMON, '--set', 'collector.store.kind=postgres',
    '--set', 'collector.store.postgres.existingSecret=lanner-postgres',
    '--set', 'collector.store.postgres.url=' +
      'postgres://lanner@postgres.lanner.svc:5432/lanner?sslmode=require',
  ],
  secrets: ['kubectl -n lanner create secret generic lanner-postgres --from-literal=password=…'],
}];

const NAMES = '--dns lanner-link.lanner.svc --dns lanner-collector.lanner.svc';
const SECRETS = [
  'lannerctl pki init --dir pki',
  `lannerctl pki issue collector --dir pki ${NAMES}`,
  'kubectl create namespace lanner',
  'kubectl -n lanner create secret generic lanner-tls --from-file=ca.crt=pki/ca.pem \\',
  '  --from-file=tls.crt=pki/collector.pem --from-file=tls.key=pki/collector.key',
  'kubectl -n lanner create secret generic lanner-token \\',
  '  --from-literal=token="$(openssl rand -hex 32)"',
];

export function manifestsFile(
  { file, what, arguments: given, secrets = [] }: ManifestVariant,
  rendered: string,
  digest: string,
): string {
  return `# Written by \`npm run render\` from deploy/helm/lanner: change that.
# ${what}
# chart sha256:${digest}
#
# First:
${[...SECRETS, ...secrets].map((line) => `#   ${line}`).join('\n')}
# Then:
#   kubectl apply --server-side -f deploy/manifests/${file}
# What Helm was given: ${given.join(' ')}
${rendered}`;
}

/** Of all files that a rendering is made of, names and contents. */
export function chartDigest(chart: string): string {
  const hash = createHash('sha256');
  for (const name of filesOf(chart)) {
    hash.update(`${name}\0`).update(readFileSync(join(chart, name))).update('\0');
  }
  return hash.digest('hex');
}

const filesOf = (chart: string): readonly string[] =>
  readdirSync(chart, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(chart.length + 1))
    // Dashboards and alerts are of the Prometheus operator's and Grafana's, and not rendered here.
    .filter((name) => !/README|NOTES|schema|^files\//.test(name))
    .toSorted();
