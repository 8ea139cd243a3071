import fc from 'fast-check';
import { expect, test } from 'vitest';
import { containerOf, isContainerId, isPodUid, placeOf, placeOfProcess } from './cgroup-path.ts';
import { ID_A, ID_B, OTHER_UID, POD_UID } from './testing/fake-node.ts';

const uid = POD_UID.replaceAll('-', '_');
const BURSTABLE = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid}.slice`;
const BEST = `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid}.slice`;
const KIND = `/docker/${ID_B}/kubelet.slice/kubelet-kubepods.slice/` +
  `kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${uid}.slice`;
const here = { podUid: POD_UID, containerId: ID_A };

test.each([
  ['systemd, burstable', `${BURSTABLE}/cri-containerd-${ID_A}.scope`],
  ['systemd, guaranteed', `/kubepods.slice/kubepods-pod${uid}.slice/cri-containerd-${ID_A}.scope`],
  ['CRI-O', `${BEST}/crio-${ID_A}.scope`],
  ['crun below CRI-O', `${BURSTABLE}/crio-${ID_A}.scope/container`],
  ['docker', `${BURSTABLE}/docker-${ID_A}.scope`],
  ['cgroupfs', `/kubepods/burstable/pod${POD_UID}/${ID_A}`],
  ['cgroupfs, guaranteed', `/kubepods/pod${POD_UID}/${ID_A}`],
  ['kubelet on systemd, containerd on cgroupfs',
    `/system.slice/kubepods-burstable-pod${uid}.slice:cri-containerd:${ID_A}`],
  ['kind', `${KIND}/cri-containerd-${ID_A}.scope`],
  ['seen from another cgroup namespace',
    `/../../kubepods-burstable-pod${uid}.slice/cri-containerd-${ID_A}.scope`],
])('%s: pod and container are read from the path', (_, path) => {
  expect(placeOf(path)).toEqual(here);
  expect(placeOfProcess(`0::${path}\n`)).toEqual(here);
});

test('the first pod on the way down counts, whatever a container names its own cgroups', () => {
  const nested = `/kubepods/burstable/pod${POD_UID}/${ID_A}/kubepods/pod${OTHER_UID}/${ID_B}`;
  expect(placeOf(nested)).toEqual(here);
});

test.each([
  ['the node itself', '/'],
  ['a service', '/system.slice/kubelet.service'],
  ['a container outside of every pod', `/docker/${ID_A}`],
  ['the pod without a container', `/kubepods/burstable/pod${POD_UID}`],
  ['what lies beside the containers', `/kubepods/burstable/pod${POD_UID}/other/${ID_A}`],
  ["CRI-O's monitor", `/kubepods/burstable/pod${POD_UID}/crio-conmon-${ID_A}.scope`],
  ['a directory that only looks like a pod', `/user.slice/pod${POD_UID}/${ID_A}`],
  ['a short id', `/kubepods/burstable/pod${POD_UID}/${ID_A.slice(0, 12)}`],
])('%s is no container', (_, path) => {
  expect(placeOf(path)).toBeNull();
});

test('hierarchies that disagree make a process nobody’s', () => {
  const one = `4:freezer:/kubepods/pod${POD_UID}/${ID_A}`;
  const rest = '9:name=systemd:/\n0::/\n';
  expect(placeOfProcess(`${one}\n${rest}`)).toEqual(here);
  expect(placeOfProcess(`${one}\n5:pids:/kubepods/pod${OTHER_UID}/${ID_B}\n${rest}`)).toBeNull();
});

test('a pod from a file has a hash for a UID', () => {
  const hash = '0123456789abcdef0123456789abcdef';
  expect(placeOf(`/kubepods/burstable/pod${hash}/${ID_A}`)?.podUid).toBe(hash);
});

test('no other text passes for an id, so none can lead out of a directory', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), climbing), (text) => {
      if (isPodUid(text)) expect(text).toMatch(/^[0-9a-f-]{32,36}$/);
      if (isContainerId(text)) expect(text).toMatch(/^[0-9a-f]{12,64}$/);
      expect(isPodUid(`${POD_UID}/${text}`) || isContainerId(`../${text}`)).toBe(false);
    }),
  );
  expect(isPodUid(POD_UID.toUpperCase())).toBe(false);
  expect(isPodUid(`${POD_UID}\n`)).toBe(false);
  expect(isContainerId(`${ID_A}0`)).toBe(false);
});

const climbing = fc.array(fc.constantFrom('..', '/', POD_UID, ID_A, 'a', '\0', '\n'))
  .map((parts) => parts.join(''));

test('any path gives a container or nothing, and only one that is in the path', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), climbing)), (names) => {
      const path = names.join('/');
      const place = placeOf(path);
      if (place === null) return;
      expect(path.replaceAll('_', '-')).toContain(place.podUid);
      expect(path).toContain(place.containerId);
    }),
  );
  expect(containerOf('..')).toBeNull();
});
