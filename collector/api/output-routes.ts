import type { Clock } from '../clock.ts';
import { targetOf } from '../outputs/output-target.ts';
import type { DeadLetter, DeadLetterChoice } from '../outputs/output-store.ts';
import type { OutputConfig } from '../outputs/output-config.ts';
import type { OutputStatus, Outputs } from '../outputs/outputs.ts';
import type { Store } from '../store/faces.ts';
import {
  deadLetterChoice,
  deadLetterCount,
  deadLettersAnswer,
  deadLettersQuery,
  outputParams,
  outputTest,
  outputsAnswer,
} from './contract/outputs.ts';
import type { DeadLetterView, OutputView } from './contract/outputs.ts';
import { notFound } from './errors.ts';
import { listOf, pageOf } from './routes.ts';
import type { Api } from './routes.ts';

/**
 * Outputs: how far they are, and what to do with what a receiver refused. Dead letters hold records
 * of any namespace, so that they are for admins.
 */
export type OutputRouteOptions = {
  readonly outputs: Outputs;
  readonly store: Pick<Store, 'deadLetters' | 'queueDeadLetters' | 'dropDeadLetters' | 'appendAudit'>;
  readonly clock: Clock;
};

const PATH = '/api/v1/outputs';
const config = { needs: 'admin' } as const;

export function addOutputRoutes(api: Api, { outputs, store, clock }: OutputRouteOptions): void {
  const find = (name: string): OutputConfig => outputs.find(name) ?? notFound('output');
  const audit = (actor: string, action: string, subject: string, which: DeadLetterChoice) => ({
    atMs: clock.now(),
    actor,
    action,
    subject,
    detail: { numbers: which },
  });

  api.get(PATH, {
    config: { needs: 'viewer', scope: 'any' },
    schema: { summary: 'Where alerts are sent, and how it goes', response: { 200: outputsAnswer } },
  }, async () => ({ items: (await outputs.list()).map(viewOf) }));

  api.get(`${PATH}/:name/dead-letters`, {
    config,
    schema: {
      summary: 'What could not be delivered',
      params: outputParams,
      querystring: deadLettersQuery,
      response: { 200: deadLettersAnswer },
    },
  }, async ({ params, query }) => {
    const { name } = find(params.name);
    return listOf(await store.deadLetters(name, pageOf(query)), query.limit, letterOf);
  });

  const choice = { params: outputParams, body: deadLetterChoice, response: { 200: deadLetterCount } };
  api.post(`${PATH}/:name/replay`, {
    config,
    schema: { summary: 'Send dead letters again', ...choice },
  }, async ({ params, body, principal }) => {
    const { name } = find(params.name);
    const which = body.numbers ?? 'all';
    const entry = audit(principal.name, 'output.replay', name, which);
    return { count: await store.queueDeadLetters(name, which, entry) };
  });

  api.post(`${PATH}/:name/drop`, {
    config,
    schema: { summary: 'Give dead letters up', ...choice },
  }, async ({ params, body, principal }) => {
    const { name } = find(params.name);
    const which = body.numbers ?? 'all';
    const entry = audit(principal.name, 'output.drop', name, which);
    return { count: await store.dropDeadLetters(name, which, entry) };
  });

  api.post(`${PATH}/:name/test`, {
    config,
    schema: {
      summary: 'Send one test message',
      params: outputParams,
      response: { 200: outputTest },
    },
  }, async ({ params, principal }) => {
    const output = find(params.name);
    const { seconds, failure } = await outputs.test(output);
    await store.appendAudit({
      atMs: clock.now(),
      actor: principal.name,
      action: 'output.test',
      subject: output.name,
      detail: { ok: failure === undefined },
    });
    const { class: reason = '', detail = '' } = failure ?? {};
    return { ok: failure === undefined, seconds, reason, detail };
  });
}

const timeOrNull = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

function viewOf({ output, position, lag, deadLetters }: OutputStatus): OutputView {
  const progress = position?.progress;
  return {
    name: output.name,
    kind: output.kind,
    target: targetOf(output),
    state: progress?.state ?? 'new',
    lag,
    sent: progress?.sent ?? 0,
    failed: progress?.failed ?? 0,
    passedOver: progress?.passedOver ?? 0,
    deadLetters,
    lastError: progress?.lastError ?? '',
    lastErrorTime: timeOrNull(progress?.lastErrorAtMs ?? 0),
    lastSentTime: timeOrNull(progress?.lastSentAtMs ?? 0),
  };
}

function letterOf(letter: DeadLetter): DeadLetterView {
  const { number, uuid, kind, reason, detail, atMs, isQueued, notice } = letter;
  const { text } = notice as { readonly text?: { readonly en?: string } };
  return { number, uuid, kind, reason, detail, time: timeOrNull(atMs), isQueued, text: text?.en ?? '' };
}
