import { answerCheck } from './answer-check.ts';
import type { TestCollector } from './start.ts';

/** Asks a collector's API as a program with the token does, and holds the answer to its schema. */
export type Json = Record<string, unknown>;
export type Reply = { readonly status: number; readonly body: Json; readonly text: string };

export async function callApi(
  collector: Pick<TestCollector, 'addresses' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const response = await fetch(collector.addresses.api + path, {
    method,
    headers: {
      authorization: `Bearer ${collector.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const parsed = isJson ? JSON.parse(text) as Json : {};
  if (isJson) {
    const check = await answerCheck(collector.addresses.api, collector.token);
    check?.check(method, path, response.status, parsed);
  }
  return { status: response.status, text, body: parsed };
}

export const itemsOf = (reply: Reply): readonly Json[] => reply.body['items'] as readonly Json[];
