import type { AgentRecord, Store } from '../store/faces.ts';
import { NOW_MS } from './blast-words.ts';
import type { BlastQuestion } from './blast-question.ts';
import { imageText } from './image-reference.ts';
import { limitOf } from './limit-text.ts';
import type { Limit } from './limit-text.ts';

/** What the record does not hold, whatever was asked for. */
const GAPS_LOOKED_MAX = 500;
const IMAGES_SHOWN_MAX = 20;

export type LimitOptions = {
  readonly store: Pick<Store, 'listAgents' | 'listGaps' | 'imageRunsSince' | 'imagesWithoutLayers'>;
  readonly asOfMs: number;
  readonly sinceMs: number;
};

export async function limitsOf(
  question: BlastQuestion,
  { store, asOfMs, sinceMs }: LimitOptions,
): Promise<readonly Limit[]> {
  const limits: Limit[] = [];
  const agents = (await store.listAgents()).filter(({ cluster, lastSeenMs }) =>
    lastSeenMs >= sinceMs && (question.cluster === undefined || cluster === question.cluster));
  const tell = (code: Limit['code'], some: readonly AgentRecord[]): void => {
    if (some.length > 0) limits.push(limitOf(code, some.map(({ node }) => node)));
  };
  tell('nodes-silent', agents.filter(({ lastSeenMs }) => asOfMs - lastSeenMs > NOW_MS));
  tell('nodes-without-runs', agents.filter((agent) => !can(agent, 'image-runs')));
  if (isAboutLayers(question)) {
    tell('nodes-without-layers', agents.filter((agent) => !can(agent, 'image-layers')));
    limits.push(...await withoutLayers(question, store));
  }
  limits.push(...await gapsOf(store, sinceMs));
  const beginMs = await store.imageRunsSince();
  if (beginMs > sinceMs) limits.push(limitOf('record-begins', [timeText(beginMs)]));
  if (question.daysKept < question.days) {
    limits.push(limitOf('record-kept', [String(question.daysKept)]));
  }
  return limits;
}

const can = ({ capabilities }: AgentRecord, what: string): boolean => capabilities.includes(what);

const isAboutLayers = ({ subject: { kind } }: BlastQuestion): boolean =>
  kind === 'layer' || kind === 'base';

async function withoutLayers(
  { scope }: BlastQuestion,
  store: LimitOptions['store'],
): Promise<readonly Limit[]> {
  const { count, some } = await store.imagesWithoutLayers(IMAGES_SHOWN_MAX);
  if (count === 0) return [];
  // Names of images elsewhere are not for those who may see some namespaces.
  return [limitOf('images-without-layers', scope === 'all' ? some.map(imageText) : [], count)];
}

async function gapsOf(store: LimitOptions['store'], sinceMs: number): Promise<readonly Limit[]> {
  const gaps = (await store.listGaps({ limit: GAPS_LOOKED_MAX }))
    .filter(({ to, cause }) => Date.parse(to) >= sinceMs && cause !== 'flows-dropped');
  if (gaps.length === 0) return [];
  const nodes = [...new Set(gaps.map(({ node }) => node))];
  return [limitOf('gaps', nodes, gaps.length)];
}

const timeText = (ms: number): string =>
  new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
