import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the programs of a control plane come from: `etcd` from the system's package, kube-apiserver
 * from `KUBE_APISERVER`, else built once from its Go module (10 minutes on two cores, 3 GB of Go
 * caches) and kept in the user's cache folder, keyed by release.
 */
const SOURCE = join(import.meta.dirname, 'apiserver');
const MODULE = /^\s*k8s\.io\/kubernetes v(1\.(\d+)\.\d+)$/m;

export function findEtcd(): string {
  const found = spawnSync('sh', ['-c', 'command -v etcd'], { encoding: 'utf8' }).stdout.trim();
  if (found !== '') return found;
  throw new Error('etcd is not installed: apt-get install -y etcd-server');
}

export function findApiserver(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['KUBE_APISERVER'];
  if (given !== undefined && given !== '') {
    if (!existsSync(given)) throw new Error(`KUBE_APISERVER names no file: ${given}`);
    return given;
  }
  const [, version, minor] = MODULE.exec(readFileSync(join(SOURCE, 'go.mod'), 'utf8')) ?? [];
  if (version === undefined || minor === undefined) throw new Error('go.mod names no release');
  const caches = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(caches, 'lanner', 'kube-apiserver', `v${version}`);
  const binary = join(folder, 'kube-apiserver');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    build({ version, minor, binary });
  }
  return binary;
}

function build(target: { version: string; minor: string; binary: string }): void {
  const { version, minor, binary } = target;
  process.stdout.write(`building kube-apiserver v${version}, once, some 10 minutes: ${binary}\n`);
  const symbol = 'k8s.io/component-base/version';
  const unfinished = `${binary}.${process.pid}`;
  execFileSync('nice', [
    '-n', '10', 'go', 'build', '-trimpath', '-p', '2',
    '-ldflags',
    // Without its version the server takes itself for a release that is none, and ends.
    `-s -w -X ${symbol}.gitVersion=v${version} -X ${symbol}.gitMajor=1 ` +
      `-X ${symbol}.gitMinor=${minor}`,
    '-o', unfinished, '.',
  ], { cwd: SOURCE, env: { ...process.env, CGO_ENABLED: '0' }, stdio: 'inherit' });
  renameSync(unfinished, binary);
}
