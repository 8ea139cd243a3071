import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A kubeconfig file for the API double at `server`; gives back its path. The double speaks plain
 * HTTP, which client-node refuses unless TLS verification is off.
 */
export function writeKubeconfig(folder: string, server: string): string {
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'test-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }));
  return path;
}
