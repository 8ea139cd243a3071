import type { FalcoEvent } from '../../../agent/source/event.ts';
import { addressScope } from '../../../baseline/behaviour/address.ts';
import type { Container, Observation } from '../../../baseline/observation.ts';
import { AlertLog } from './alert-log.ts';
import type { Detector, DetectorRun, Spans } from './detector.ts';
import { observeAll } from './observe-all.ts';
import { CollapsedPaths } from './path-collapse.ts';

/**
 * Application profiles as Kubescape has them, read from its source (kubescape/node-agent,
 * kubescape/storage, kubescape/helm-charts):
 * - one profile per workload instance, that is per pod template (replica set, stateful set's
 *   revision) and container; a rollout makes a new instance that learns from nothing;
 * - learning ends after `maxLearningPeriod`, 24 h by default; nothing is compared before that;
 *   a profile of containers that ran before the agent came is partial, and a container that is
 *   seen starting is not compared with it but learned anew;
 * - R0001 unexpected process (path), R0040 unexpected arguments of a known one (whole vector),
 *   R0002 unexpected file access (watched directories; not /tmp, mounts and the account token,
 *   which has R0006), R0003 system calls once each, R0011 egress to public addresses once each;
 * - paths collapse at 50 children (`OpenDynamicThreshold`);
 * - beside the profile: R1000 exec from /dev/shm, /run, /proc/self; R1001 exec of a file that is
 *   not in the image; R1005 memfd; kernel modules, ptrace and unshare; R0006 and R0008 unless the
 *   profile has the access.
 * - the chart leaves out kube-system.
 *
 * Modelled kindly: 24 h are scaled as for Lanner to half of the training span; probes are learned
 * like anything else; a command of more than 50 argument vectors counts as having none; each
 * finding is told once per pod; jobs of one CronJob share a profile; a database's data directory
 * counts as a mount.
 */
const ARGUMENT_VECTORS_MAX = 50;
const WATCHED =
  /^\/(etc|var\/log|var\/run|run|var\/spool\/cron|var\/www|var\/lib|opt|usr\/local|app)\//;
const MOUNTS = /^\/(etc\/(hosts|hostname|resolv\.conf)$|var\/lib\/postgresql\/data\/|data\/)/;
const TOKEN = /^\/(var\/)?run\/secrets\/kubernetes\.io\/serviceaccount\//;
const ENVIRON = /^\/proc\/[^/]+\/environ$/;
const BAD_SOURCE = /^\/(dev\/shm|run|var\/run|proc\/self)\//;
const ALWAYS_BAD_CALLS: ReadonlySet<string> = new Set([
  'init_module',
  'finit_module',
  'ptrace',
  'unshare',
]);

class InstanceProfile {
  readonly learnsUntilMs: number;
  readonly commands = new Map<string, Set<string>>();
  readonly reads = new CollapsedPaths();
  readonly writes = new CollapsedPaths();
  readonly egress = new Set<string>();
  readonly systemCalls = new Set<string>();

  constructor(learnsUntilMs: number) {
    this.learnsUntilMs = learnsUntilMs;
  }
}

type Unexpected = { readonly channel: string; readonly text: string };

export class Collapse50 implements Detector {
  readonly name = 'collapse50';

  run(events: readonly FalcoEvent[], spans: Spans): DetectorRun {
    const learningMs = (spans.testStartMs - spans.trainStartMs) / 2;
    const log = new AlertLog('never');
    const profiles = new Map<string, InstanceProfile>();
    const seenStarting = new Map<string, boolean>();
    observeAll(events, (observation, nowMs) => {
      const { container } = observation;
      if (container.scope === 'host' || container.namespace === 'kube-system') return;
      if (observation.kind === 'rule') return;
      const ms = Number(observation.timeNs / 1_000_000n);
      if (!seenStarting.has(container.id)) {
        seenStarting.set(container.id, observation.kind === 'exec' && observation.vpid === 1);
      }
      const key = instanceKey(container, seenStarting.get(container.id) === true);
      const profile = profiles.get(key) ?? new InstanceProfile(ms + learningMs);
      profiles.set(key, profile);
      const found = [...withoutProfile(observation)];
      if (ms <= profile.learnsUntilMs) learn(profile, observation);
      else found.push(...compare(profile, observation));
      for (const { channel, text } of found) log.add({ observation, nowMs, channel, text });
    });
    return { alerts: log.alerts };
  }
}

/** `web-7k4r7fk9xj-xn5cd` is of the replica set `web-7k4r7fk9xj`; a job is of its CronJob. */
function instanceKey(container: Container, isWhole: boolean): string {
  const { namespace, pod, workload, name, image } = container;
  const cut = pod.lastIndexOf('-');
  const owner = cut < 0 ? pod : pod.slice(0, cut);
  const isReplicaSet = owner !== workload && /-[bcdfghjklmnpqrstvwxz2456789]{7,10}$/.test(owner);
  const instance = isReplicaSet ? owner : workload;
  return JSON.stringify([namespace, instance, name, image.digest, isWhole]);
}

function learn(profile: InstanceProfile, o: Observation): void {
  switch (o.kind) {
    case 'exec': {
      const vectors = profile.commands.get(o.process.exe) ?? new Set<string>();
      profile.commands.set(o.process.exe, vectors);
      if (vectors.size <= ARGUMENT_VECTORS_MAX) vectors.add(o.commandLine);
      return;
    }
    case 'open':
      (o.isWrite ? profile.writes : profile.reads).add(o.path);
      return;
    case 'connect':
      if (isEgress(o.address)) profile.egress.add(o.address);
      return;
    case 'privileged':
      profile.systemCalls.add(o.syscall);
      return;
    case 'accept':
    case 'change':
    case 'exit':
    case 'listen':
    case 'rule':
      return;
  }
}

function compare(profile: InstanceProfile, o: Observation): readonly Unexpected[] {
  switch (o.kind) {
    case 'exec': {
      const vectors = profile.commands.get(o.process.exe);
      if (vectors === undefined) return unexpected('exec', `unexpected process ${o.process.exe}`);
      if (vectors.size > ARGUMENT_VECTORS_MAX || vectors.has(o.commandLine)) return [];
      return unexpected('exec', `unexpected arguments: ${o.commandLine}`);
    }
    case 'open': {
      if ((o.isWrite ? profile.writes : profile.reads).has(o.path)) return [];
      if (TOKEN.test(o.path)) return unexpected('file-read', 'unexpected account token access');
      if (ENVIRON.test(o.path)) return unexpected('file-read', 'environment read from procfs');
      if (!WATCHED.test(o.path) || MOUNTS.test(o.path)) return [];
      const channel = o.isWrite ? 'file-write' : 'file-read';
      return unexpected(channel, `unexpected file access: ${o.path} by ${o.process.name}`);
    }
    case 'connect':
      if (!isEgress(o.address) || profile.egress.has(o.address)) return [];
      return unexpected('net', `unexpected egress to ${o.address}:${o.port}/${o.protocol}`);
    case 'privileged':
      if (profile.systemCalls.has(o.syscall)) return [];
      return unexpected('priv', `unexpected system call ${o.syscall}`);
    case 'accept':
    case 'change':
    case 'exit':
    case 'listen':
    case 'rule':
      return [];
  }
}

function withoutProfile(o: Observation): readonly Unexpected[] {
  if (o.kind === 'privileged' && ALWAYS_BAD_CALLS.has(o.syscall)) {
    return unexpected('priv', `suspicious system call ${o.syscall}`);
  }
  if (o.kind !== 'exec') return [];
  if (o.isMemfd) return unexpected('exec', 'fileless execution');
  if (o.isUpperLayer) return unexpected('exec', `not in the image: ${o.process.exe}`);
  if (BAD_SOURCE.test(o.process.exe)) return unexpected('exec', `exec from ${o.process.exe}`);
  return [];
}

function isEgress(address: string): boolean {
  return addressScope(address) === 'outside';
}

function unexpected(channel: string, text: string): readonly Unexpected[] {
  return [{ channel, text }];
}
