import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { behavioursOf as observed } from '../../baseline/behaviour/behaviour.ts';
import type { Channel } from '../../baseline/alert.ts';
import type { Observation } from '../../baseline/observation.ts';
import { telemetryRules } from '../../deploy/falco/telemetry.ts';
import { derived } from '../profiles/image-profiles.ts';
import { falcoChannels } from './falco-channels.ts';
import { parseCondition } from './falco-condition.ts';
import { isTrue } from './falco-evaluate.ts';
import { falcoRules } from './falco-rules.ts';
import type { FalcoItem } from './falco-rules.ts';
import { kubeArmorOf } from './kubearmor.ts';
import { plaintextFlows } from './plaintext.ts';
import { seccompOf, WATCHED } from './seccomp.ts';
import { kubeArmorProblems } from './testing/kubearmor-schema.ts';
import { causeOf, learnRecording } from './testing/recorded.ts';
import type { Recorded } from './testing/recorded.ts';

let recorded: Recorded;
beforeAll(() => {
  recorded = learnRecording();
}, 120_000);

const imageOf = (name: string) => {
  const found = recorded.profiles.find(({ image }) => `${image.repository}:${image.tag}` === name);
  if (found === undefined) throw new Error(`no profile of ${name}`);
  return found;
};
const WEB = 'registry.local/shop/web:1.4.2';

/** What Falco would say of the recorded event; what its rule asked for was true when it came. */
function fieldsOf(o: Observation): (field: string) => string | undefined {
  const isWrite = o.kind === 'open' && o.isWrite;
  const given = new Map([
    ['evt.is_open_write', String(isWrite)],
    ['evt.is_open_read', String(o.kind === 'open' && !o.isWrite)],
    ['fd.typechar', o.kind === 'open' ? 'f' : '4'],
    ['fd.num', '3'],
    ['fd.snet', o.fields.get('fd.sip') ?? ''],
    ['fd.cnet', o.fields.get('fd.cip') ?? ''],
    ['evt.rawres', rawResult(o)],
    ['container.id', o.container.id],
  ]);
  return (field) => {
    const value = given.get(field) ?? o.fields.get(field);
    return value === '' && field !== 'proc.pname' ? undefined : value;
  };
}

const isRuntime = ({ process: { name, exe } }: Observation): boolean =>
  name.startsWith('runc:[') || /\/(?:runc|containerd-shim-runc-v2)$/.test(exe);

function rawResult(o: Observation): string {
  if (o.kind !== 'privileged') return '0';
  return o.result === '' || o.result === 'SUCCESS' || /^[0-9]/.test(o.result) ? '0' : '-1';
}

describe('Falco rules', () => {
  test('are the golden ones', async () => {
    const made = falcoRules(imageOf(WEB));
    await expect(made.ok ? made.rules.text : '').toMatchFileSnapshot('golden/falco-web.yaml');
  });

  test('are in Falco’s grammar, name each macro and list before its use, and read back', () => {
    for (const learned of recorded.profiles) {
      const made = falcoRules(learned);
      if (!made.ok) continue;
      expect(parse(made.rules.text)).toEqual(made.rules.items);
      const known = new Set<string>();
      for (const item of made.rules.items) {
        if ('list' in item) known.add(item.list);
        else {
          const json = JSON.stringify(parseCondition(item.condition));
          for (const [, name = ''] of json.matchAll(/"kind":"macro","name":"(\w+)"/g)) {
            expect(known).toContain(name);
          }
          if ('macro' in item) known.add(item.macro);
        }
      }
      expect(made.rules.left).toEqual([]);
    }
  });

  test('look at the events that Lanner’s own rules look at', () => {
    const ours = telemetryRules.map(({ condition }) => condition);
    for (const { name, events } of falcoChannels) {
      if (name === 'place' || name === 'listen') continue;
      expect(ours).toContain(`${events} and container.id != host`);
    }
  });

  test('say of every recorded observation what the profile says', () => {
    const counts = new Map<string, { same: number; allowed: number; refused: number }>();
    for (const document of recorded.documents) {
      const made = falcoRules(recorded.profiles.find(({ key }) => key === document.key)!);
      if (!made.ok) throw new Error(document.key);
      const { rules, words } = loaded(made.rules.items);
      const profile = derived(document);
      const { digest } = document.image;
      for (const o of recorded.observations) {
        if (o.container.image.digest !== digest || o.kind === 'rule' || isRuntime(o)) continue;
        for (const behaviour of observed(o, () => null)) {
          if (behaviour.verb === 'args') continue;
          const channel = profile.channels.get(behaviour.channel as never) as
            { find: (one: typeof behaviour) => unknown } | undefined;
          const isKnown = channel?.find(behaviour) !== undefined;
          const name = nameOf(behaviour.channel, o);
          const condition = rules.get(name);
          if (condition === undefined) continue;
          const isFired = isTrue(condition, fieldsOf(o), words);
          const count = counts.get(name) ?? { same: 0, allowed: 0, refused: 0 };
          if (isKnown === !isFired) count.same += 1;
          else if (isKnown) count.refused += 1;
          else count.allowed += 1;
          counts.set(name, count);
        }
      }
    }
    // Never narrower. Wider in 54 of 22,482 changes of files: a generalised name's later characters.
    expect(Object.fromEntries(counts)).toEqual({
      exec: { same: 1_955, allowed: 0, refused: 0 },
      connect: { same: 5_661, allowed: 0, refused: 0 },
      accept: { same: 2_147, allowed: 0, refused: 0 },
      listen: { same: 51, allowed: 0, refused: 0 },
      privilege: { same: 73, allowed: 0, refused: 0 },
      read: { same: 22_882, allowed: 0, refused: 0 },
      write: { same: 6_261, allowed: 12, refused: 0 },
      place: { same: 2_856, allowed: 5, refused: 0 },
      change: { same: 13_311, allowed: 37, refused: 0 },
    });
  }, 120_000);
});

describe('the container runtime in Falco rules', () => {
  const made = () => {
    const rules = falcoRules(imageOf(WEB));
    if (!rules.ok) throw new Error(rules.reason);
    return loaded(rules.rules.items).words;
  };
  const says = (macro: string, fields: Readonly<Record<string, string>>): boolean => {
    const words = made();
    return isTrue({ kind: 'macro', name: macro }, (field) => fields[field], words);
  };
  const stage = { 'proc.name': 'runc:[2:INIT]', 'proc.is_exe_upper_layer': 'false' };

  test('is let by in all that was recorded of it', () => {
    const words = made();
    const stages = recorded.observations.filter((o) => o.process.name.startsWith('runc:['));
    expect(stages).toHaveLength(8_527);
    const macro = { kind: 'macro', name: 'lanner_runtime' } as const;
    expect(stages.filter((o) => !isTrue(macro, fieldsOf(o), words))).toEqual([]);
  });

  test('is not who only calls itself so, in whatever way', () => {
    const nginx = '/usr/sbin/nginx';
    const forged: readonly Readonly<Record<string, string>>[] = [
      // prctl(PR_SET_NAME)
      { ...stage, 'proc.exepath': nginx, 'proc.pexepath': nginx },
      // A file of that name, written in the container, also where the runtime's own would be.
      { ...stage, 'proc.exepath': '/tmp/runc', 'proc.is_exe_upper_layer': 'true' },
      { ...stage, 'proc.exepath': '/usr/sbin/runc', 'proc.is_exe_upper_layer': 'true' },
      { ...stage, 'proc.exepath': '/tmp/runc:[2:INIT]' },
      // The copy in memory that runc before 1.2 makes, made by somebody else.
      { ...stage, 'proc.exepath': '/memfd:runc_cloned:/proc/self/exe', 'proc.pexepath': nginx },
      { ...stage, 'proc.exepath': '/memfd:runc_cloned:/proc/self/exe',
        'proc.pexepath': '/usr/bin/containerd-shim-runc-v2' },
      { ...stage, 'proc.exepath': '/memfd:x', 'proc.pexepath': '/usr/sbin/runc' },
    ];
    expect(forged.filter((fields) => says('lanner_runtime', fields))).toEqual([]);
    expect(says('lanner_runtime', { ...stage, 'proc.pexepath': '/usr/sbin/runc',
      'proc.exepath': '/memfd:runc_cloned:/proc/self/exe (deleted)' })).toBe(true);
    expect(says('lanner_runtime', { ...stage, 'proc.exepath': '/var/lib/rancher/k3s/bin/runc' }))
      .toBe(true);
  });

  test('is no parent by its name alone', () => {
    const parent = (name: string, exe: string): boolean =>
      says('lanner_runtime_parent', { 'proc.pname': name, 'proc.pexepath': exe });
    expect(parent('runc:[2:INIT]', '/usr/bin/python3')).toBe(false);
    expect(parent('containerd-shim', '/usr/sbin/nginx')).toBe(false);
    expect(parent('containerd-shim', '/usr/bin/containerd-shim-runc-v2')).toBe(true);
    expect(parent('runc', '/usr/sbin/runc')).toBe(true);
  });
});

function nameOf(channel: Channel, o: Observation): string {
  if (channel === 'net') return o.kind;
  if (channel === 'file-write') return o.kind === 'change' ? 'place' : 'write';
  const names: Partial<Record<Channel, string>> =
    { exec: 'exec', priv: 'privilege', 'file-read': 'read', 'file-change': 'change' };
  return names[channel] ?? '';
}

function loaded(items: readonly FalcoItem[]) {
  const rules = new Map<string, ReturnType<typeof parseCondition>>();
  const macros = new Map<string, ReturnType<typeof parseCondition>>();
  const lists = new Map<string, readonly string[]>();
  for (const item of items) {
    if ('list' in item) lists.set(item.list, item.items);
    else if ('macro' in item) macros.set(item.macro, parseCondition(item.condition));
    else rules.set(item.rule.split(': ').at(-1) ?? '', parseCondition(item.condition));
  }
  return { rules, words: { macros, lists } };
}

describe('the seccomp profile', () => {
  test('is the golden one', async () => {
    await expect(seccompOf(imageOf(WEB)).text).toMatchFileSnapshot('golden/seccomp-web.json');
  });

  test('watches what the telemetry rules watch', () => {
    const rule = telemetryRules.find(({ condition }) => condition.includes('evt.type in (ptrace,'));
    expect(rule?.condition).toContain(`evt.type in (${WATCHED.join(', ')})`);
  });

  test('refuses no call that normally succeeds, and those that attacks try', () => {
    const byDigest = new Map(recorded.profiles.map((learned) =>
      [learned.image.digest, new Set(seccompOf(learned).allowed)]));
    const refused = { other: new Set<string>(), attack: new Set<string>() };
    let calls = 0;
    for (const o of recorded.observations) {
      if (o.kind !== 'privileged' || isRuntime(o) || rawResult(o) === '-1' && causeOf(o, recorded) === 'other') continue;
      const allowed = byDigest.get(o.container.image.digest);
      if (allowed === undefined) continue;
      calls += 1;
      if (!allowed.has(o.syscall)) refused[causeOf(o, recorded)].add(`${o.process.name} ${o.syscall}`);
    }
    expect({ calls, other: [...refused.other], attack: [...refused.attack].toSorted() }).toEqual({
      calls: 73,
      other: [],
      attack: ['gunicorn memfd_create', 'mknod mknodat', 'mount mount', 'nsenter setns', 'python3 setns'],
    });
  });
});

describe('the KubeArmor policy', () => {
  test('is the golden one', async () => {
    const target = { namespace: 'shop', labels: { app: 'web' } };
    await expect(kubeArmorOf(imageOf(WEB), target).text).toMatchFileSnapshot('golden/kubearmor-web.yaml');
  });

  test('keeps to what its CRD takes, and reads back', () => {
    const all = new Set<string>();
    for (const learned of recorded.profiles) {
      const { text, policy, left } = kubeArmorOf(learned, { namespace: 'shop', labels: { app: 'x' } });
      expect(kubeArmorProblems(policy)).toEqual([]);
      expect(parse(text)).toEqual(policy);
      for (const value of left) all.add(value);
    }
    // The root is no path to it.
    expect([...all]).toEqual(['read / by find']);
  });

  test('lets every program of the profile run, and no other that the recording shows', () => {
    const unknown = new Set<string>();
    for (const document of recorded.documents) {
      const learned = recorded.profiles.find(({ key }) => key === document.key)!;
      const { policy } = kubeArmorOf(learned, null);
      const allowed = new Set(policy.spec.process.matchPaths.map(({ path }) => path));
      const profile = derived(document);
      for (const o of recorded.observations) {
        if (o.kind !== 'exec' || o.container.image.digest !== document.image.digest) continue;
        const [exec] = observed(o, () => null);
        const isKnown = exec !== undefined &&
          profile.channels.get('exec')?.find(exec) !== undefined;
        if (isKnown) expect(allowed).toContain(o.process.exe);
        else if (!allowed.has(o.process.exe)) unknown.add(o.process.exe);
      }
    }
    expect(unknown.size).toBe(41);
  });
});

test('plain text is found by port, inside and out', async () => {
  const rows = plaintextFlows(recorded.profiles, recorded.objects);
  const lines = rows.map(({ namespace, workload, to, port, service, isOverNamespaces, isOutside }) =>
    `${namespace}/${workload} → ${to}:${port} ${service}${isOverNamespaces ? ', over namespaces' : ''}` +
    `${isOutside ? ', outside' : ''}\n`);
  expect(rows.filter(({ isOutside }) => isOutside).map(({ to }) => to)).toContain('198.51.100.20/32');
  await expect(lines.join('')).toMatchFileSnapshot('golden/plaintext.txt');
});
