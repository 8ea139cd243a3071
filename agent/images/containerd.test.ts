import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test, vi } from 'vitest';
import type { Image } from '../../baseline/observation.ts';
import { ImageLayerReader } from './image-layers.ts';

/** A containerd of its own, with an image that is made here; runs no container. */
const isHere = process.getuid?.() === 0 && ['containerd', 'ctr'].every((program) =>
  spawnSync(program, ['--version']).status === 0);

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** An image of two layers as an OCI layout in a tar file. */
function anImage(folder: string) {
  const layout = join(folder, 'layout');
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const blob = (bytes: Buffer | string, mediaType: string) => {
    const digest = sha256(bytes);
    writeFileSync(join(layout, 'blobs/sha256', digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(bytes) };
  };
  const json = (value: unknown, type: string) =>
    blob(JSON.stringify(value), `application/vnd.oci.image.${type}.v1+json`);
  const layers = ['base', 'app'].map((name) => {
    writeFileSync(join(folder, name), name);
    return execFileSync('tar', ['-C', folder, '-cf', '-', name]);
  });
  const diffIds = layers.map((tar) => `sha256:${sha256(tar)}`);
  const config = json({ architecture: 'amd64', os: 'linux', config: {},
    rootfs: { type: 'layers', diff_ids: diffIds } }, 'config');
  const manifest = json({ schemaVersion: 2, config, layers: layers.map((tar) =>
    blob(tar, 'application/vnd.oci.image.layer.v1.tar')) }, 'manifest');
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [
    { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'docker.io/shop/web:1.5' } }] }));
  const file = join(folder, 'image.tar');
  execFileSync('tar', ['-C', layout, '-cf', file, '.']);
  return { file, digest: manifest.digest, diffIds };
}

/** The CRI plugin hears of an import some time after it. */
async function untilKnown(socket: string, image: Image): Promise<void> {
  await vi.waitFor(async () => {
    const reader = new ImageLayerReader({ address: `unix://${socket}`, nowMs: Date.now,
      onFound: () => undefined });
    reader.see(image);
    const { counts } = reader;
    await vi.waitFor(() => expect(counts.found + counts.none + counts.failed).toBe(1), 10_000);
    reader.stop();
    expect(counts.found).toBe(1);
  }, { timeout: 30_000, interval: 200 });
}

test.skipIf(!isHere)('containerd tells the layers of an image by its digest', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-containerd-'));
  const socket = join(folder, 'containerd.sock');
  writeFileSync(join(folder, 'config.toml'), `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`);
  const containerd = spawn('containerd', ['-c', join(folder, 'config.toml')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => containerd.once('exit', resolve));
  const ctr = (...args: readonly string[]): void => {
    execFileSync('ctr', ['-a', socket, '-n', 'k8s.io', 'images', ...args], { stdio: 'pipe' });
  };
  let reader: ImageLayerReader | undefined;
  try {
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), { timeout: 30_000 });
    const { file, digest, diffIds } = anImage(folder);
    ctr('import', '--no-unpack', file);
    ctr('tag', 'docker.io/shop/web:1.5', `docker.io/shop/web@${digest}`);
    reader = new ImageLayerReader({ address: `unix://${socket}`, nowMs: Date.now,
      onFound: () => undefined, deadlineMs: 30_000 });
    const image = { repository: 'docker.io/shop/web', tag: '1.5', digest };
    const { counts } = reader;
    await untilKnown(socket, image);
    reader.see(image);
    await vi.waitFor(() => expect(counts.found).toBe(1), { timeout: 30_000 });
    expect(reader.take()).toMatchObject([{ image: { digest }, layers: diffIds }]);
    const missing = { ...image, digest: `sha256:${'0'.repeat(64)}` };
    reader.see(missing);
    await vi.waitFor(() => expect(counts.none + counts.failed).toBe(1), { timeout: 30_000 });
  } finally {
    reader?.stop();
    containerd.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
