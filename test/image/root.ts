import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  copyFileSync, cpSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';

import type { Stage } from './dockerfile.ts';

/**
 * A root file system as the image has it, and a program in it: the Dockerfile's COPY instructions
 * done with files built by the Dockerfile's own steps, over a stand-in for the base image that
 * holds its libraries and nothing else; read-only, in a mount namespace of its own, as the user and
 * with the capabilities that the chart gives.
 */
const BASE_LIBRARIES = /\/(ld-linux[\w-]*|libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+)\.so/;

export type Built = ReadonlyMap<string, string>;

export function assembleRoot(stage: Stage, built: Built, root: string): void {
  for (const folder of ['etc', 'tmp', 'proc', 'var/lib/lanner', 'etc/lanner', 'usr/lib', 'lib']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/:\nnonroot:x:65532:65532::/:\n');
  for (const library of librariesOf(process.execPath).filter((name) => BASE_LIBRARIES.test(name))) {
    copyTo(library, join(root, library));
  }
  for (const { path, to } of stage.copies) {
    const source = built.get(path);
    if (source === undefined) throw new Error(`COPY ${path}: no step of the build made that`);
    if (statSync(source).isDirectory()) cpSync(source, join(root, to), { recursive: true });
    else copyTo(source, join(root, to));
  }
}

function copyTo(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(source), target);
}

export const librariesOf = (program: string): readonly string[] =>
  [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+\.so\S*)/g)]
    .map(([, path = '']) => path);

export type Run = {
  readonly root: string;
  readonly stage: Stage;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid: number;
  /** Of root; another user has none. */
  readonly capabilities?: readonly string[];
};

export type Running = {
  readonly output: () => string;
  readonly ended: Promise<number>;
  stop(): Promise<number>;
};

/** Paths are given as arguments, never written into the script. */
const SCRIPT = `
  PATH=/usr/sbin:/usr/bin:/sbin:/bin # of this script alone, not exported
  root=$1; uid=$2; bounding=$3; shift 3
  mount --bind "$root" "$root" &&
  mount -o remount,bind,ro "$root" &&
  mount -t tmpfs -o mode=0755,uid="$uid",gid="$uid" tmpfs "$root/var/lib/lanner" &&
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" &&
  mount -t proc proc "$root/proc" &&
  exec setpriv --no-new-privs --bounding-set "$bounding" \
    "$(command -v chroot)" --userspec="$uid:$uid" --groups= "$root" "$@"`;

export function runIn({ root, stage, uid, ...run }: Run): Running {
  // chroot itself needs its own capability; it stays in the set, and the program does not use it.
  const bounding = ['-all', '+sys_chroot', '+setuid', '+setgid',
    ...(run.capabilities ?? []).map((name) => `+${name}`)].join(',');
  const child: ChildProcess = spawn('unshare', [
    '--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, 'sh',
    root, String(uid), bounding, ...stage.entrypoint, ...run.arguments,
  ], { env: { ...stage.environment, ...run.environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code) => resolve(code ?? -1));
  });
  return {
    output: () => output,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Names of all files below, for what must not be there. */
export const filesIn = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => basename(entry.name));
