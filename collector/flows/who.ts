import type {
  FlowPrecision,
  FlowRow,
  FlowStore,
  FlowWho,
  NodeGap,
  NodeName,
  WatchedSpan,
} from './flow-store.ts';

/**
 * Who was behind it: a border firewall names a node's address, a destination and a time. The answer
 * holds everybody who can have been it, the likeliest first, and what keeps it from being certain.
 *
 * Likelihood, in this order: the source port is among those of the candidate; it connected within
 * the time that was asked for rather than near it; it connected nearer to that moment; more often.
 * A port that does not match rules nobody out: masquerading may have changed it on the way. Of an
 * hour that was joined only the first and the last time are known: whoever had neither in the time
 * that was asked for is no more than possible.
 */
export type WhoQuestion = {
  readonly cluster?: string;
  readonly nodeIp: string;
  readonly dst: string;
  readonly dstPort: number;
  readonly protocol?: string;
  readonly srcPort?: number;
  readonly atMs: number;
  readonly windowMs: number;
};

export const whoVerdicts = ['one', 'several', 'none', 'unknown'] as const;
export type WhoVerdict = (typeof whoVerdicts)[number];

/** Why the answer may be wrong or not whole. */
export const whoDoubts = [
  /** No agent said that the address is its node's. */
  'address-unknown',
  /** Several nodes said it. */
  'address-shared',
  /** For some of the time no agent of the node told what it saw. */
  'not-watched',
  /** Not told yet: agents tell a minute some seconds after it is over. */
  'too-recent',
  /** Events or flows of that time were lost. */
  'gap',
  /** Somebody had more destinations than could be kept apart. */
  'folded',
  /** Of that time only hours are left: when within them is known of the first and last alone. */
  'hours-only',
  /** Connections of that time whose address the kernel did not say. */
  'without-address',
  'too-many',
] as const;
export type WhoDoubt = (typeof whoDoubts)[number];

export const likelihoods = ['source-port', 'time', 'possible'] as const;
export type Likelihood = (typeof likelihoods)[number];

export type Candidate = {
  readonly who: FlowWho;
  readonly likelihood: Likelihood;
  /** Minute where some of it is known so. */
  readonly precision: FlowPrecision;
  readonly protocol: string;
  readonly name: string;
  readonly outcomes: readonly FlowRow['outcome'][];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  readonly sourcePorts: readonly number[];
  readonly portsBeyond: number;
  /** Between the moment asked for and the nearest connection that is known. */
  readonly distanceMs: number;
  /** Rows of the ledger that say so. */
  readonly flows: readonly number[];
};

export type WhoAnswer = {
  readonly verdict: WhoVerdict;
  readonly doubts: readonly WhoDoubt[];
  readonly nodes: readonly NodeName[];
  readonly candidates: readonly Candidate[];
  readonly gaps: readonly NodeGap[];
  readonly watched: readonly WatchedSpan[];
};

export const CANDIDATES_MAX = 200;
const FLOWS_NAMED_MAX = 20;
/** A minute, its grace and the way to the collector. */
const TOLD_AFTER_MS = 90_000;

export async function who(
  store: FlowStore,
  question: WhoQuestion,
  nowMs: number,
): Promise<WhoAnswer> {
  const { cluster, nodeIp, dst, dstPort, protocol, atMs, windowMs } = question;
  const nodes = await store.nodesWithAddress(nodeIp, cluster);
  if (nodes.length === 0) {
    return { verdict: 'unknown', doubts: ['address-unknown'], nodes, candidates: [], gaps: [],
      watched: [] };
  }
  const fromMs = atMs - windowMs;
  const toMs = atMs + windowMs;
  const [found, gaps, watched] = await Promise.all([
    store.flowsTo({ nodes, address: dst, port: dstPort, fromMs, toMs,
      ...(protocol === undefined ? {} : { protocol }) }),
    store.gapsWithin(nodes, fromMs, toMs),
    store.watchedWithin(nodes, fromMs, toMs),
  ]);
  const all = candidatesOf(found.rows.filter(({ address, folded }) => address !== '' || folded),
    question);
  const doubts: readonly WhoDoubt[] = [
    ...nodes.length > 1 ? ['address-shared'] as const : [],
    ...isWatched(nodes, watched, { fromMs, toMs: Math.min(toMs, nowMs - TOLD_AFTER_MS) })
      ? [] : ['not-watched'] as const,
    ...toMs > nowMs - TOLD_AFTER_MS ? ['too-recent'] as const : [],
    ...gaps.length > 0 ? ['gap'] as const : [],
    ...found.rows.some(({ folded }) => folded) ? ['folded'] as const : [],
    ...found.rows.some(({ precision }) => precision === 'hour') ? ['hours-only'] as const : [],
    ...found.rows.some(({ address, folded }) => address === '' && !folded)
      ? ['without-address'] as const : [],
    ...found.isPartial || all.length > CANDIDATES_MAX ? ['too-many'] as const : [],
  ];
  const candidates = all.slice(0, CANDIDATES_MAX);
  return { verdict: verdictOf(candidates, doubts), doubts, nodes, candidates, gaps, watched };
}

/** Nobody found is only an answer where nothing was missed. */
function verdictOf(
  candidates: readonly Candidate[],
  doubts: readonly WhoDoubt[],
): WhoVerdict {
  if (candidates.length > 1) return 'several';
  if (candidates.length === 1) return 'one';
  return doubts.some((doubt) => doubt !== 'address-shared') ? 'unknown' : 'none';
}

function isWatched(
  nodes: readonly NodeName[],
  watched: readonly WatchedSpan[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): boolean {
  return nodes.every(({ cluster, node }) => {
    let reached = fromMs;
    for (const span of watched) {
      if (span.cluster !== cluster || span.node !== node || span.fromMs > reached) continue;
      reached = Math.max(reached, span.toMs);
    }
    return reached >= toMs;
  });
}

function candidatesOf(rows: readonly FlowRow[], question: WhoQuestion): readonly Candidate[] {
  const groups = new Map<string, FlowRow[]>();
  for (const row of rows) {
    // One process of one container, whatever it was called by DNS at the time.
    const { cluster, node, namespace, pod, podUid, containerId, process, exe } = row.who;
    const key = JSON.stringify([cluster, node, namespace, pod, podUid, containerId, process, exe,
      row.protocol, row.folded]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group) => candidateOf(group, question)).toSorted(byLikelihood);
}

function candidateOf(rows: readonly FlowRow[], question: WhoQuestion): Candidate {
  const { atMs, srcPort } = question;
  const [newest] = rows.toSorted((left, right) => right.lastMs - left.lastMs);
  const first = newest as FlowRow;
  const sourcePorts = [...new Set(rows.flatMap((row) => row.sourcePorts))];
  const hasPort = srcPort !== undefined && sourcePorts.includes(srcPort);
  const isTimed = !first.folded && rows.some((row) => isKnownWithin(row, question));
  return {
    who: first.who,
    likelihood: hasPort ? 'source-port' : isTimed ? 'time' : 'possible',
    precision: rows.some(({ precision }) => precision === 'minute') ? 'minute' : 'hour',
    protocol: first.protocol,
    name: rows.find(({ name }) => name !== '')?.name ?? '',
    outcomes: [...new Set(rows.map(({ outcome }) => outcome))].toSorted(),
    firstMs: Math.min(...rows.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...rows.map(({ lastMs }) => lastMs)),
    count: rows.reduce((sum, { count }) => sum + count, 0),
    sourcePorts: sourcePorts.toSorted((left, right) => left - right),
    portsBeyond: rows.reduce((sum, { portsBeyond }) => sum + portsBeyond, 0),
    distanceMs: Math.min(...rows.map((row) => distance(row, atMs))),
    flows: rows.map(({ number }) => number).toSorted((left, right) => left - right)
      .slice(0, FLOWS_NAMED_MAX),
  };
}

function isKnownWithin(
  { precision, firstMs, lastMs }: FlowRow,
  { atMs, windowMs }: WhoQuestion,
): boolean {
  if (precision === 'minute') return true;
  return [firstMs, lastMs].some((ms) => Math.abs(ms - atMs) <= windowMs);
}

/** Within a flow only the first and the last connection have a time. */
const distance = ({ firstMs, lastMs, count, precision }: FlowRow, atMs: number): number =>
  precision === 'minute' && count > 2 && firstMs <= atMs && atMs <= lastMs
    ? 0
    : Math.min(Math.abs(firstMs - atMs), Math.abs(lastMs - atMs));

const byLikelihood = (left: Candidate, right: Candidate): number =>
  likelihoods.indexOf(left.likelihood) - likelihoods.indexOf(right.likelihood) ||
  left.distanceMs - right.distanceMs ||
  right.count - left.count ||
  (nameOf(left) < nameOf(right) ? -1 : 1);

const nameOf = ({ who: { cluster, node, namespace, pod, process, exe } }: Candidate): string =>
  JSON.stringify([cluster, node, namespace, pod, process, exe]);
