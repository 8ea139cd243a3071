import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findApiserver, findEtcd } from './binaries.ts';
import { makeCertificates } from './certificates.ts';

/**
 * etcd and a real kube-apiserver on loopback: own CA, RBAC, default admission, service account
 * tokens. No controllers, no scheduler and no kubelet run: what they would do the tests do, so that
 * nothing changes behind a test's back. All of it lives in one temporary folder.
 */
const ADMIN_TOKEN = 'test-admin';
const READY_MS = 120_000;
const POLL_MS = 200;
const TAIL_CHARACTERS = 2_000;

export type ControlPlane = {
  /** Of an administrator (group system:masters). */
  readonly kubeconfig: string;
  readonly version: string;
  readonly etcdUrl: string;
  /** PEM file of the key that signs service account tokens. */
  readonly tokenKeyFile: string;
  stop(): Promise<void>;
};

export async function startControlPlane(): Promise<ControlPlane> {
  const etcd = findEtcd();
  const apiserver = findApiserver();
  const folder = mkdtempSync(join(tmpdir(), 'lanner-control-plane-'));
  const children: Child[] = [];
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  const stop = async (): Promise<void> => {
    // The API server first: it would complain about an etcd that goes away.
    for (const child of children.toReversed()) await child.stop();
    process.off('exit', removeFolder);
    removeFolder();
  };
  try {
    const files = await writeFiles(folder);
    const [clientPort, peerPort, port] = await freePorts();
    const etcdUrl = `http://127.0.0.1:${clientPort}`;
    const server = `https://127.0.0.1:${port}`;
    children.push(new Child(etcd, etcdArguments(folder, etcdUrl, peerPort), folder));
    children.push(new Child(apiserver, apiserverArguments(files, etcdUrl, port), folder));
    // After the listeners of the children, which end them.
    process.once('exit', removeFolder);
    await untilReady(`${server}/readyz`, files.ca, children);
    const kubeconfig = join(folder, 'admin.kubeconfig');
    writeFileSync(kubeconfig, adminKubeconfig(server, files.ca), { mode: 0o600 });
    const { gitVersion } = JSON.parse(await read(`${server}/version`, files.ca)) as {
      gitVersion: string;
    };
    return { kubeconfig, version: gitVersion, etcdUrl, tokenKeyFile: files.tokenKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Files = Readonly<Record<
  'ca' | 'serverCert' | 'serverKey' | 'tokenKey' | 'tokenPublicKey' | 'tokens',
  string
>>;

async function writeFiles(folder: string): Promise<Files> {
  const made = await makeCertificates();
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    ca: write('ca.pem', made.caCert),
    serverCert: write('server.pem', made.serverCert),
    serverKey: write('server.key', made.serverKey),
    tokenKey: write('token.key', made.tokenKey),
    tokenPublicKey: write('token.pub', made.tokenPublicKey),
    tokens: write('tokens.csv', `${ADMIN_TOKEN},admin,admin-uid,"system:masters"\n`),
  };
}

/** All at once, so that they are three different ones. */
async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) await once(server.close(), 'close');
  return ports as [number, number, number];
}

const etcdArguments = (folder: string, url: string, peerPort: number): readonly string[] => [
  '--name=test',
  `--data-dir=${join(folder, 'etcd')}`,
  `--listen-client-urls=${url}`,
  `--advertise-client-urls=${url}`,
  `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-cluster=test=http://127.0.0.1:${peerPort}`,
  // Nothing here outlives the run.
  '--unsafe-no-fsync',
];

const apiserverArguments = (files: Files, etcdUrl: string, port: number): readonly string[] => [
  `--etcd-servers=${etcdUrl}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  // Not loopback, which it refuses; nothing connects there.
  '--advertise-address=192.0.2.1',
  '--endpoint-reconciler-type=none',
  `--tls-cert-file=${files.serverCert}`,
  `--tls-private-key-file=${files.serverKey}`,
  `--client-ca-file=${files.ca}`,
  `--token-auth-file=${files.tokens}`,
  '--authorization-mode=RBAC',
  '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
  `--service-account-signing-key-file=${files.tokenKey}`,
  `--service-account-key-file=${files.tokenPublicKey}`,
  '--service-cluster-ip-range=10.96.0.0/16',
  '--kubelet-preferred-address-types=InternalIP',
];

const adminKubeconfig = (server: string, ca: string): string => JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{
    name: 'test',
    cluster: {
      server,
      'certificate-authority-data': readFileSync(ca).toString('base64'),
    },
  }],
  users: [{ name: 'admin', user: { token: ADMIN_TOKEN } }],
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  'current-context': 'test',
});

class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #logFile: string;
  readonly #kill = (): void => void this.#process.kill('SIGKILL');

  constructor(binary: string, args: readonly string[], folder: string) {
    this.name = binary.slice(binary.lastIndexOf('/') + 1);
    this.#logFile = join(folder, `${this.name}.log`);
    this.#process = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(this.#logFile);
    this.#process.stdout?.pipe(log, { end: false });
    this.#process.stderr?.pipe(log, { end: false });
    // A run that ends badly leaves no server behind.
    process.once('exit', this.#kill);
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get lastWords(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-TAIL_CHARACTERS);
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill);
    if (this.hasEnded) return;
    const ended = once(this.#process, 'exit');
    // The API server would wait for its open connections, minutes long.
    this.#process.kill('SIGKILL');
    await ended;
  }
}

async function untilReady(url: string, ca: string, children: readonly Child[]): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let last = '';
  while (Date.now() < deadline) {
    const ended = children.find((child) => child.hasEnded);
    if (ended !== undefined) throw new Error(`${ended.name} ended:\n${ended.lastWords}`);
    try {
      last = await read(url, ca);
      if (last === 'ok') return;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const words = children.map((child) => `${child.name}: ${child.lastWords}`).join('\n');
  throw new Error(`the API server is not ready after ${READY_MS} ms: ${last}\n${words}`);
}

function read(url: string, caFile: string): Promise<string> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return new Promise((resolve, reject) => {
    get(url, { ca: readFileSync(caFile), headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
}
