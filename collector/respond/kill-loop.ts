import type { Policy } from '../policy/policy.ts';
import type { Response } from './response.ts';

/**
 * How often pods of this workload were killed for a behaviour that this one shows again. Then the
 * image or its input brings the behaviour along, and the next kill would be answered by the next
 * replacement.
 */
function killsForTheSame(response: Response, executed: readonly Response[]): number {
  const behaviours = new Set(response.behaviours);
  return executed.filter((other) =>
    other.action === 'kill' &&
    other.id !== response.id &&
    other.target.podUid !== response.target.podUid &&
    other.behaviours.some((behaviour) => behaviours.has(behaviour))).length;
}

export function killLoop(
  response: Response,
  executed: readonly Response[],
  { killLoop: { kills, windowSeconds } }: Policy,
): string | undefined {
  if (response.action !== 'kill') return undefined;
  const count = killsForTheSame(response, executed);
  if (count < kills) return undefined;
  return `${count} pods of this workload were killed for the same behaviour within ` +
    `${windowSeconds} s, and it is back: another kill would change nothing`;
}
