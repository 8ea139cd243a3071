import { addressScope } from '../behaviour/address.ts';
import type { Observation } from '../observation.ts';
import { isShell, isTool } from './innate.ts';

/**
 * How much one novelty counts, 0 to 100. It orders the SOC's list and decides severity; it does not
 * decide whether there is an alarm. The steps: what leaves or enters the cluster and what starts a
 * shell counts more than what stays inside one program.
 */
export function noveltyScore(o: Observation): number {
  switch (o.kind) {
    case 'exec':
      if (isShell(o.process.exe)) return 60;
      return isTool(o.process.exe) ? 50 : 45;
    case 'connect': {
      const scope = addressScope(o.address);
      if (scope === 'outside') return 60;
      return scope === 'inside' ? 50 : 40;
    }
    case 'accept':
      return 45;
    case 'listen':
      return 55;
    case 'privileged':
      return 50;
    case 'open':
      return o.isWrite ? 40 : 25;
    case 'change':
      return 35;
    case 'rule':
      return ruleScore(o.priority);
    case 'exit':
      return 0;
  }
}

/** Arguments alone: weaker than a new program, unless they are the program (`sh -c …`). */
export function argumentsScore(isScript: boolean): number {
  return isScript ? 45 : 25;
}

const RULE_SCORES: ReadonlyMap<string, number> = new Map([
  ['emergency', 85],
  ['alert', 85],
  ['critical', 75],
  ['error', 60],
  ['warning', 45],
  ['notice', 30],
]);

export function ruleScore(priority: string): number {
  return RULE_SCORES.get(priority) ?? 10;
}
