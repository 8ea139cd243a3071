import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupTree, DIRECTORIES_MAX } from './cgroup-tree.ts';
import { KernelFiles } from './kernel-files.ts';
import { FakeNode, ID_A, ID_B, OTHER_UID, POD_UID } from './testing/fake-node.ts';

let node: FakeNode;
let touched: string[];
beforeEach(() => {
  node = new FakeNode();
  touched = [];
});
afterEach(() => node.remove());

const tree = (): CgroupTree =>
  new CgroupTree(new KernelFiles(node.cgroupRoot, (path) => touched.push(path)));

const slice = POD_UID.replaceAll('-', '_');
const SYSTEMD = `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${slice}.slice`;

test('a pod is found with all of its containers, under the systemd driver', () => {
  node.version2();
  node.cgroup(`${SYSTEMD}/cri-containerd-${ID_A}.scope`, [100]);
  node.cgroup(`${SYSTEMD}/cri-containerd-${ID_B}.scope`, [101]);
  node.cgroup(`${SYSTEMD}/crio-conmon-${ID_B}.scope`, [102]);
  expect(tree().findPod(POD_UID)).toEqual({
    kind: 'found',
    containers: [
      { version: 2, containerId: ID_A, path: `${SYSTEMD}/cri-containerd-${ID_A}.scope` },
      { version: 2, containerId: ID_B, path: `${SYSTEMD}/cri-containerd-${ID_B}.scope` },
    ],
  });
  expect(tree().findPod(OTHER_UID)).toEqual({ kind: 'absent' });
});

test('the containers of a pod can lie side by side with those of others', () => {
  node.version2();
  const other = OTHER_UID.replaceAll('-', '_');
  const both = (uid: string, id: string): string =>
    `system.slice/kubepods-burstable-pod${uid}.slice:cri-containerd:${id}`;
  node.cgroup(both(slice, ID_A), [100]);
  node.cgroup(both(slice, ID_B), [101]);
  node.cgroup(both(other, 'c3'.repeat(32)), [102]);
  const found = tree().findPod(POD_UID);
  expect(found.kind === 'found' && found.containers.map(({ path }) => path).toSorted())
    .toEqual([both(slice, ID_A), both(slice, ID_B)]);
});

test('of two versions that are mounted, the one that holds the processes is used', () => {
  node.version1();
  node.file('unified/cgroup.controllers', '');
  const path = `kubepods/burstable/pod${POD_UID}/${ID_A}`;
  node.cgroup(`unified/${path}`, [100]);
  expect(tree().findPod(POD_UID)).toMatchObject({ containers: [{ version: 2 }] });
  node.cgroup(`freezer/${path}`, []);
  expect(tree().findPod(POD_UID)).toMatchObject({ containers: [{ version: 2 }] });
  node.cgroup(`freezer/${path}`, [100]);
  expect(tree().findPod(POD_UID)).toMatchObject({
    containers: [{ version: 1, path: `freezer/${path}` }],
  });
});

test('a pod that a container claims below its own cgroup is not that pod', () => {
  node.version2();
  node.cgroup(`kubepods/pod${OTHER_UID}/${ID_B}/kubepods/pod${POD_UID}/${ID_A}`, [666]);
  expect(tree().findPod(POD_UID)).toEqual({ kind: 'absent' });
});

test('links are not followed, neither to directories nor to files', () => {
  node.version2();
  node.cgroup(`kubepods/pod${POD_UID}/real`, []);
  node.cgroup(`elsewhere/${ID_A}`, [7]);
  symlinkSync(join(node.cgroupRoot, 'elsewhere', ID_A),
    join(node.cgroupRoot, `kubepods/pod${POD_UID}/${ID_A}`));
  expect(tree().findPod(POD_UID)).toEqual({ kind: 'absent' });
  symlinkSync('/etc/passwd', join(node.cgroupRoot, 'link'));
  expect(tree().files.read('link', 100)).toBeNull();
  expect(tree().files.write('link', 'x')).toEqual({ ok: false, code: 'ELOOP' });
});

test('processes are those of the container and of what it made below, up to a bound', () => {
  node.version2();
  const path = `kubepods/pod${POD_UID}/${ID_A}`;
  node.cgroup(path, [100, 101]);
  node.cgroup(`${path}/init.scope`, [102]);
  expect(tree().pids(path)).toEqual({ pids: [100, 101, 102], hidden: 0, isCut: false });
  expect(tree().pids(path, 1)).toMatchObject({ pids: [100], isCut: true });
  node.file(`${path}/cgroup.procs`, '0\n0\nx\n-5\n100\n');
  expect(tree().pids(path)).toMatchObject({ pids: [100, 102], hidden: 2 });
});

test('pods are found first where kubelet puts them, among any number of others', () => {
  node.version2();
  for (let index = 0; index < 300; index += 1) node.file(`system.slice/s${index}.service/x`, '');
  node.cgroup(`kubepods/pod${POD_UID}/${ID_A}`, [100]);
  expect(tree().findPod(POD_UID).kind).toBe('found');
  expect(touched.length).toBeLessThan(20);
  expect(DIRECTORIES_MAX).toBeGreaterThan(1_000);
});

test('nothing outside of the root is ever opened, whatever is asked for', () => {
  node.version2();
  node.cgroup(`kubepods/pod${POD_UID}/${ID_A}`, [100]);
  const name = fc.oneof(
    fc.string(),
    fc.constantFrom(POD_UID, '..', '../..', '/', '/etc', `${POD_UID}/..`, '.', '\0'),
  );
  fc.assert(
    fc.property(fc.array(name).map((names) => names.join('/')), (text) => {
      const found = tree();
      for (const ask of [
        () => found.findPod(text),
        () => found.pids(text),
        () => found.files.read(text, 10),
        () => found.files.write(`${text}/cgroup.freeze`, '1'),
      ]) {
        try {
          ask();
        } catch (error) {
          expect(String(error)).toMatch(/stays below its root|null bytes|EISDIR/);
        }
      }
    }),
  );
  expect(touched.filter((path) => !`${path}/`.startsWith(`${node.cgroupRoot}/`))).toEqual([]);
});
