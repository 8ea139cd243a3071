import { Producer, stringSerializers } from '@platformatic/kafka';

import type { Notice } from '../notice.ts';
import type { SecretSource } from '../secret-source.ts';
import type { Delivery, Failure, Sender } from '../sender.ts';
import type { OutputConfig } from '../output-config.ts';
import { isPlain } from '../output-checks.ts';
import { failureOfError } from './failures.ts';
import { detailOf } from './http-target.ts';
import { tlsOptions } from './tls-files.ts';

/**
 * Kafka: each record acknowledged by all in-sync replicas, by an idempotent producer, so that the
 * client's own retries neither double nor reorder. Records of one workload have one key and so one
 * partition and one order. A producer that failed is thrown away: one that lost its sequence never
 * works again.
 */
const NOTICES_MAX = 200;
const ACKS_ALL = -1;
const RETRIES = 2;

export type KafkaSenderOptions = {
  readonly output: OutputConfig;
  readonly secrets: SecretSource;
  readonly value: (notice: Notice) => string;
};

type Client = Producer<string, string, string, string>;

export function kafkaSender(options: KafkaSenderOptions): Sender {
  let producer: Client | undefined;
  const drop = async (): Promise<void> => {
    const old = producer;
    producer = undefined;
    // It may be broken already; what counts is that nothing of it stays open.
    await old?.close(true).catch(() => undefined);
  };
  return {
    noticesMax: NOTICES_MAX,
    send: async (notices) => {
      try {
        producer ??= createProducer(options);
        await producer.send({
          acks: ACKS_ALL,
          messages: notices.map((notice) => messageOf(notice, options)),
        });
        return notices.map((): Delivery => undefined);
      } catch (error) {
        await drop();
        const failure = failureOf(error, options.secrets);
        const shared = notices.length > 1 ? { ...failure, isShared: true } : failure;
        return notices.map(() => shared);
      }
    },
    close: drop,
  };
}

const messageOf = (notice: Notice, { output, value }: KafkaSenderOptions) => ({
  topic: output.topic ?? '',
  key: `${notice.place.namespace}/${notice.place.workload || notice.place.node}`,
  value: value(notice),
  headers: { uuid: notice.uuid, kind: notice.kind, severity: notice.severity },
});

function createProducer({ output, secrets }: KafkaSenderOptions): Client {
  const { brokers = [], sasl, tls, timeoutSeconds } = output;
  return new Producer({
    clientId: 'lanner-collector',
    bootstrapBrokers: [...brokers],
    serializers: stringSerializers,
    idempotent: true,
    retries: RETRIES,
    timeout: timeoutSeconds * 1_000,
    connectTimeout: timeoutSeconds * 1_000,
    ...(isPlain(output) ? {} : { tls: tlsOptions(tls) }),
    ...(sasl === undefined ? {} : {
      sasl: {
        mechanism: sasl.mechanism,
        username: sasl.username,
        password: secrets.text(sasl.password),
      },
    }),
  });
}

/** Of Kafka's errors: the ones that name this record, not the way to the broker. */
const RECORD_REFUSED: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
]);

function failureOf(error: unknown, secrets: SecretSource): Failure {
  const names = namesOf(error);
  const detail = detailOf(secrets.redact(names.words.join(': ')));
  if (names.ids.some((id) => RECORD_REFUSED.has(id))) {
    return { kind: 'permanent', class: 'rejected', detail };
  }
  return { ...failureOfError(error), detail };
}

/** The client wraps what the broker said several times. */
function namesOf(error: unknown, depth = 0): { ids: readonly string[]; words: readonly string[] } {
  if (!(error instanceof Error) || depth > 4) return { ids: [], words: [] };
  const id = 'apiId' in error && typeof error.apiId === 'string' ? [error.apiId] : [];
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  const below = inner.map((one) => namesOf(one, depth + 1));
  return {
    ids: [...id, ...below.flatMap(({ ids }) => ids)],
    words: [error.message, ...below.flatMap(({ words }) => words)].slice(0, 3),
  };
}
