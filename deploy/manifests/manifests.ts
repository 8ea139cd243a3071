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
}, {
  file: 'lanner-postgres.yaml',
  what: 'two collectors with PostgreSQL, Falco 0.40 to 0.43 by its socket',
  arguments: [
    ...COMMON, '--set', 'collector.store.kind=postgres',
    '--set', 'collector.store.postgres.existingSecret=lanner-postgres',
    '--set', 'collector.store.postgres.url=' +
      'postgres://lanner@postgres.lanner.svc:5432/lanner?sslmode=require',
  ],
}];

const SECRETS = `#   lannerctl pki init --dir pki && lannerctl pki issue --dir pki --server \\
#     --name lanner-link.lanner.svc --name lanner-collector.lanner.svc
#   kubectl -n lanner create secret generic lanner-tls --from-file=ca.crt=… \\
#     --from-file=tls.crt=… --from-file=tls.key=…
#   kubectl -n lanner create secret generic lanner-token --from-literal=token="$(openssl rand -hex 32)"`;

export function manifestsFile(
  { file, what, arguments: given }: ManifestVariant,
  rendered: string,
  digest: string,
): string {
  return `# Written by \`npm run render\` from deploy/helm/lanner: change that.
# ${what}
# chart sha256:${digest}
#
# First:
${SECRETS}
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
    .filter((entry) => entry.isFile() && !/README|NOTES|schema/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(chart.length + 1))
    .toSorted();
