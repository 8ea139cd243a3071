import { portText } from '../../../baseline/behaviour/address.ts';
import { processRole } from '../../../baseline/behaviour/process-role.ts';
import type { Observation } from '../../../baseline/observation.ts';
import { observeAll } from '../detect/observe-all.ts';
import type { Recording } from '../detect/recording.ts';

/** A recording as sequences of symbols: what one process, or one pod, did within some seconds. */

export const ALPHABETS = ['kinds', 'names'] as const;
/** `kinds`: the operation alone; `names`: with the program, its directory or its port. */
export type Alphabet = (typeof ALPHABETS)[number];
export const UNITS = ['process', 'pod'] as const;
export type Unit = (typeof UNITS)[number];

export type Slice = {
  readonly pod: string;
  readonly image: string;
  readonly repository: string;
  readonly symbols: number[];
  readonly firstMs: number;
  lastMs: number;
};

const SLICE_MS = 5_000;
/** Fewer say nothing about an order. */
const SYMBOLS_MIN = 4;
export const SYMBOLS_MAX = 4096;

export function slicesOf(
  { events }: Pick<Recording, 'events'>,
  unit: Unit,
  alphabet: Alphabet,
): readonly Slice[] {
  const numbers = new Map<string, number>();
  const slices = new Map<string, Slice>();
  observeAll(events, (o) => {
    const { container, process } = o;
    const symbol = alphabet === 'kinds' ? kindOf(o) : nameOf(o);
    if (symbol === '' || container.scope === 'host') return;
    // 0 is every symbol for which there was no room.
    let number = numbers.get(symbol) ?? 0;
    if (number === 0 && numbers.size < SYMBOLS_MAX - 1) {
      number = numbers.size + 1;
      numbers.set(symbol, number);
    }
    const ms = Number(o.timeNs / 1_000_000n);
    const who = unit === 'pod' ? '' : String(process.pid);
    const key = `${container.podUid || container.id}/${who}/${Math.floor(ms / SLICE_MS)}`;
    const slice = slices.get(key);
    if (slice === undefined) slices.set(key, newSlice(o, number, ms));
    else {
      slice.symbols.push(number);
      slice.lastMs = Math.max(slice.lastMs, ms);
    }
  });
  return [...slices.values()].filter(({ symbols }) => symbols.length >= SYMBOLS_MIN);
}

function newSlice({ container }: Observation, symbol: number, ms: number): Slice {
  const { repository, tag } = container.image;
  return {
    pod: container.pod,
    image: `${repository}:${tag}`,
    repository,
    symbols: [symbol],
    firstMs: ms,
    lastMs: ms,
  };
}

function kindOf(o: Observation): string {
  switch (o.kind) {
    case 'open':
      return o.isWrite ? 'write' : 'read';
    case 'change':
      return o.operation;
    case 'privileged':
      return o.syscall;
    case 'rule':
      return '';
    case 'accept':
    case 'connect':
    case 'exec':
    case 'exit':
    case 'listen':
      return o.kind;
  }
}

function nameOf(o: Observation): string {
  const kind = kindOf(o);
  if (kind === '') return '';
  return `${kind} ${placeOf(o)} ${processRole(o.process)}`;
}

function placeOf(o: Observation): string {
  switch (o.kind) {
    case 'open':
    case 'change':
      return o.path.split('/').slice(0, 3).join('/');
    case 'connect':
      return portText(o.port);
    case 'accept':
      return portText(o.localPort);
    case 'exec':
    case 'exit':
    case 'listen':
    case 'privileged':
    case 'rule':
      return '';
  }
}
