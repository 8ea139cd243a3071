import type { ControllerView, PodView } from '../kube/kube.ts';

/**
 * Whether the workload stays healthy without the pod, counted from its controller's own status.
 * A pod that is not ready takes nothing away. The status lags behind what we have just done, so
 * the pods that we took out of work in the last `HEALTH_SETTLE_MS` are counted as gone: where the
 * status knows of them already they count twice, and we wait when we need not have. Frozen pods
 * that are called ready are counted as gone for as long as they are frozen.
 */
export const HEALTH_SETTLE_MS = 30_000;

export type HealthFacts = {
  readonly pod: Pick<PodView, 'isReady' | 'owner'>;
  /** The one that decides how many pods there are; undefined without any. */
  readonly controller: ControllerView | undefined;
  /** `Kind name` of an owner whose status Lanner cannot read; empty when there is none. */
  readonly unknownOwner: string;
  /** Other pods of the workload that we took out of work. */
  readonly takenPods: number;
  readonly minHealthyPercent: number;
};

/** Why the pod must stay; undefined when it may go. */
export function unhealthyWithout(facts: HealthFacts): string | undefined {
  const { pod, controller, unknownOwner, takenPods, minHealthyPercent } = facts;
  if (minHealthyPercent === 0 || !pod.isReady) return undefined;
  if (controller === undefined) {
    // Without an owner there are no replicas to keep; with one that cannot be counted there may be.
    return unknownOwner === ''
      ? undefined
      : `the healthy replicas of ${unknownOwner} cannot be counted`;
  }
  const { kind, name, desired, ready } = controller;
  // A job ends by itself, and what it lost is run again.
  if (kind === 'Job' || desired === 0) return undefined;
  const left = ready - takenPods - 1;
  const least = Math.max(1, Math.ceil((desired * minHealthyPercent) / 100));
  if (left >= least) return undefined;
  const taken = takenPods === 0 ? '' : `, ${takenPods} of them taken out of work by responses`;
  return `${kind} ${name} has ${ready} of ${desired} replicas ready${taken}: ` +
    `without this one ${Math.max(0, left)} would be left, and ${least} must stay`;
}
