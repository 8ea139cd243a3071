/**
 * Freeze and thaw of a pod or of one container of it. Containers are frozen one by one and not the
 * pod's own cgroup above them, because the pause container is spared (`sandbox.ts`); a container
 * that kubelet starts meanwhile is found in the next round.
 */
import type { CommandResult } from '../link/command-desk.ts';
import type { Clock } from '../source/clock.ts';
import type { ContainerCgroup, CgroupTree } from './cgroup-tree.ts';
import { Freezer } from './freezer.ts';
import type { Confirmed, FreezerState } from './freezer.ts';
import { done, failed, packed, refused } from './outcome.ts';
import type { Processes } from './processes.ts';
import { sandboxOf } from './sandbox.ts';
import { checkActable, findTarget } from './target.ts';
import type { Target } from './target.ts';

const ROUNDS_MAX = 3;

export type FreezeOptions = {
  readonly tree: CgroupTree;
  readonly processes: Processes;
  readonly freezer: Freezer;
  readonly ownPid: number;
  readonly clock: Clock;
};

/** `document` of the result, gzipped. */
export type FreezeDocument = {
  readonly format: 'lanner-freeze/1';
  readonly milliseconds: number;
  readonly containers: readonly { readonly id: string; readonly state: FreezerState }[];
  /** The pause container, when it was spared. */
  readonly spared: readonly string[];
};

export async function freezePod(
  target: Target,
  options: FreezeOptions,
  withinMs: number,
): Promise<CommandResult> {
  const startedMs = options.clock.nowMs();
  const { tree, processes, freezer, ownPid: pid } = options;
  const reached = new Map<string, Confirmed>();
  let sparedId = '';
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = findTarget(tree, target);
    if (!found.ok) {
      if (round === 0) return found.result;
      break;
    }
    const { all, meant } = found.value;
    const refusal = checkActable(target, all, { tree, processes, pid });
    if (refusal !== null) return refusal;
    // Named by its id, even the pause container is frozen: that is then what was asked for.
    if (target.containerId === '' && round === 0) {
      sparedId = sandboxOf(all, tree, processes)?.containerId ?? '';
    }
    const fresh = meant.filter(({ containerId }) =>
      containerId !== sparedId && !reached.has(containerId));
    if (fresh.length === 0) break;
    await bringAll(fresh, reached, { freezer, withinMs, wanted: 'frozen' });
  }
  if (reached.size === 0) return refused('no-container', 'nothing of this pod runs but its pause');
  const milliseconds = options.clock.nowMs() - startedMs;
  return told({ reached, sparedId, wanted: 'frozen', milliseconds });
}

/** The own pod and pods from files can be thawed: nothing is lost by that. */
export async function thawPod(
  target: Target,
  options: FreezeOptions,
  withinMs: number,
): Promise<CommandResult> {
  const startedMs = options.clock.nowMs();
  const found = findTarget(options.tree, target);
  if (!found.ok) return found.result;
  const reached = new Map<string, Confirmed>();
  const { freezer } = options;
  await bringAll(found.value.meant, reached, { freezer, withinMs, wanted: 'thawed' });
  const milliseconds = options.clock.nowMs() - startedMs;
  return told({ reached, sparedId: '', wanted: 'thawed', milliseconds });
}

type Wanted = 'frozen' | 'thawed';

async function bringAll(
  containers: readonly ContainerCgroup[],
  reached: Map<string, Confirmed>,
  how: { readonly freezer: Freezer; readonly withinMs: number; readonly wanted: Wanted },
): Promise<void> {
  const confirmed = await how.freezer.bring(containers, how.wanted, how.withinMs);
  for (const [index, { containerId }] of containers.entries()) {
    const one = confirmed[index];
    if (one !== undefined) reached.set(containerId, one);
  }
}

type Told = {
  readonly reached: ReadonlyMap<string, Confirmed>;
  readonly sparedId: string;
  readonly wanted: Wanted;
  readonly milliseconds: number;
};

function told({ reached, sparedId, wanted, milliseconds }: Told): CommandResult {
  const document: FreezeDocument = {
    format: 'lanner-freeze/1',
    milliseconds,
    containers: [...reached].map(([id, { state }]) => ({ id, state })),
    spared: sparedId === '' ? [] : [sparedId],
  };
  const bytes = packed(document);
  const all = [...reached.values()];
  const took = `in ${milliseconds.toFixed(1)} ms`;
  const refusedCode = all.find(({ code }) => code !== null)?.code ?? null;
  if (refusedCode !== null) {
    return failed('not-writable', `the cgroup cannot be written (${refusedCode})`, bytes);
  }
  const present = all.filter(({ state }) => state !== 'absent').length;
  if (present === 0) return refused('no-container', 'it ended, or its cgroup has no freezer');
  const right = all.filter(({ state }) => state === wanted).length;
  if (right === present) {
    const rest = sparedId === '' ? '' : ', the pause container spared';
    return done(`${right} of ${present} containers ${wanted} ${took}${rest}`, bytes);
  }
  const words = `${right} of ${present} containers ${wanted} ${took}; `;
  return wanted === 'frozen'
    ? failed('not-frozen', `${words}the freeze stays asked for until a thaw`, bytes)
    : failed('not-thawed', `${words}a cgroup above may be frozen`, bytes);
}
