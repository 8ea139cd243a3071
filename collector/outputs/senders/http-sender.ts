import type { Notice } from '../notice.ts';
import type { SecretSource } from '../secret-source.ts';
import type { Delivery, Failure, Sender } from '../sender.ts';
import { failureOfError, failureOfReply } from './failures.ts';
import { SOCKETS_MAX } from './http-target.ts';
import type { HttpReply, HttpTarget } from './http-target.ts';

/**
 * Records as bodies of POST requests, several at once where the format allows. A receiver that
 * refuses a body of several gets them one by one from the pump, so that one bad record does not
 * take its neighbours along.
 */
const NOTICES_MAX = 100;
const BODY_BYTES_MAX = 1_048_576;

export type Encoding = {
  readonly contentType: string;
  readonly perBody: number;
  one(notice: Notice): string;
  body(parts: readonly string[]): string;
  /** Signatures; made for each request. */
  headers?(body: string): Readonly<Record<string, string>>;
  /** Undefined when the answer means yes. */
  refusal?(reply: HttpReply): Failure | undefined;
};

export type HttpSenderOptions = {
  readonly target: HttpTarget;
  readonly encoding: Encoding;
  readonly secrets: SecretSource;
  readonly refreshMs?: number;
};

type Part = { readonly index: number; readonly text: string };

export function httpSender(options: HttpSenderOptions): Sender {
  const { target, encoding, refreshMs } = options;
  return {
    noticesMax: NOTICES_MAX,
    ...(refreshMs === undefined ? {} : { refreshMs }),
    send: async (notices, signal) => {
      const outcomes: Delivery[] = [];
      const bodies = bodiesOf(notices, encoding, outcomes);
      const next = bodies[Symbol.iterator]();
      // A few lanes take from one list: a slow answer holds up its lane alone.
      const lane = async (): Promise<void> => {
        for (let step = next.next(); step.done !== true; step = next.next()) {
          const failure = await post(options, step.value, signal);
          for (const { index } of step.value) outcomes[index] = failure;
        }
      };
      await Promise.all(Array.from({ length: SOCKETS_MAX }, lane));
      return notices.map((_, index) => outcomes[index]);
    },
    close: async () => target.close(),
  };
}

function bodiesOf(
  notices: readonly Notice[],
  encoding: Encoding,
  outcomes: Delivery[],
): readonly (readonly Part[])[] {
  const bodies: Part[][] = [];
  let bytes = 0;
  notices.forEach((notice, index) => {
    const text = encoding.one(notice);
    const size = Buffer.byteLength(text);
    if (size > BODY_BYTES_MAX) {
      outcomes[index] = {
        kind: 'permanent',
        class: 'too-large',
        detail: `${size} bytes are more than ${BODY_BYTES_MAX}`,
      };
      return;
    }
    const last = bodies.at(-1);
    const fits = last !== undefined && last.length < encoding.perBody &&
      bytes + size <= BODY_BYTES_MAX;
    if (fits) last.push({ index, text });
    else bodies.push([{ index, text }]);
    bytes = fits ? bytes + size : size;
  });
  return bodies;
}

async function post(
  { target, encoding, secrets }: HttpSenderOptions,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<Delivery> {
  let failure: Delivery;
  try {
    const body = encoding.body(parts.map(({ text }) => text));
    const headers = { 'content-type': encoding.contentType, ...encoding.headers?.(body) };
    const answer = await target.post(body, headers, signal);
    // Before it is cut: half a secret would not be recognised.
    const reply = { ...answer, text: secrets.redact(answer.text) };
    failure = failureOfReply(reply) ?? encoding.refusal?.(reply);
  } catch (error) {
    failure = failureOfError(error);
  }
  if (failure === undefined) return undefined;
  const detail = secrets.redact(failure.detail);
  return { ...failure, detail, ...(parts.length > 1 ? { isShared: true } : {}) };
}
