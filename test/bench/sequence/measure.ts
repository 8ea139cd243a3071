import { WittenBell } from './witten-bell.ts';
import { SYSTEM_CALLS_MAX, type Adfa } from './adfa.ts';
import { rocOf, type Roc } from './roc.ts';

export const ORDERS = [3, 4, 5, 6, 7, 8] as const;
export const FALSE_ALARM_SHARES = [0.01, 0.05, 0.1, 0.15] as const;
/** Room for all contexts of some 300,000 calls at order 8; an agent has far less. */
const CONTEXTS_MAX = 2 ** 21;

export type Measured = Roc & {
  readonly order: number;
  readonly contexts: number;
  readonly refused: number;
};

/** Learns the training processes; judges the validation ones as normal against the attacks. */
export function measure(adfa: Adfa, order: number): Measured {
  const model = new WittenBell({
    alphabetSize: SYSTEM_CALLS_MAX,
    order,
    contextsMax: CONTEXTS_MAX,
  });
  for (const trace of adfa.training) model.learn(trace);
  const normal = adfa.validation.map((trace) => model.bits(trace));
  const attacks = adfa.attacks.map((trace) => model.bits(trace));
  const roc = rocOf(normal, attacks, FALSE_ALARM_SHARES);
  return { ...roc, order, contexts: model.contexts, refused: model.refused };
}
