import { sql } from 'kysely';

import { spanKey, uidOf } from '../kube/address-history.ts';
import type { AddressOwner, AddressSpan, SpanChanges } from '../kube/address-history.ts';
import type { AddressStore } from '../kube/address-keeper.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/** The notes of `kube/address-keeper.ts`. */
export const SPANS_MAX = 500_000;
/** A hundred thousand pods that are gone: what one answer works with. */
export const PAST_SPANS_MAX = 100_000;
const ROWS_PER_STATEMENT = 200;
/** The lists are one row. */
const LISTS = 1;

export function addressStore(context: StoreContext): AddressStore {
  const { db } = context;
  return {
    readAddressNotes: async () => {
      const rows = await db.selectFrom('address_spans').select(['address', 'uid'])
        .where('until_at', '=', 0).execute();
      const lists = await db.selectFrom('address_lists').select('last_at').executeTakeFirst();
      return { open: new Set(rows.map(spanKey)), lastListedMs: lists?.last_at ?? 0 };
    },
    noteAddresses: (changes, times) => transact(context, (tx) => note(tx, changes, times)),
    pastAddresses: async (fromMs) => {
      const rows = await db.selectFrom('address_spans').selectAll()
        .where('until_at', '>', 0).where('until_at', '>=', fromMs)
        .orderBy('until_at', 'desc').limit(PAST_SPANS_MAX + 1).execute();
      const lists = await db.selectFrom('address_lists').select('first_at').executeTakeFirst();
      return {
        spans: rows.slice(0, PAST_SPANS_MAX).map(({ address, since_at, until_at, document }) =>
          spanOf(address, JSON.parse(document) as AddressOwner, since_at, until_at)),
        isPartial: rows.length > PAST_SPANS_MAX,
        sinceMs: lists?.first_at ?? null,
      };
    },
  };
}

type NoteTimes = Parameters<AddressStore['noteAddresses']>[1];

async function note(
  tx: Tx,
  { opened, closed }: SpanChanges,
  { listedMs, keptFromMs }: NoteTimes,
): Promise<number> {
  await insertSpans(tx, opened);
  for (const { address, uid, untilMs } of closed) {
    await tx.updateTable('address_spans').set({ until_at: Math.max(1, untilMs) })
      .where('address', '=', address).where('uid', '=', uid).execute();
  }
  await tx.insertInto('address_lists')
    .values({ number: LISTS, first_at: listedMs, last_at: listedMs })
    .onConflict((conflict) => conflict.column('number')
      .doUpdateSet((eb) => ({ last_at: eb.ref('excluded.last_at') })))
    .execute();
  await tx.deleteFrom('address_spans').where('until_at', '>', 0)
    .where('until_at', '<', keptFromMs).execute();
  return dropBeyond(tx);
}

/** Times of an owner are those of its span, as everywhere else. */
function spanOf(
  address: string,
  owner: AddressOwner,
  sinceMs: number,
  untilMs: number,
): AddressSpan {
  const times = { sinceMs, untilMs };
  return owner.kind === 'pod'
    ? { address, ...times, owner: { kind: 'pod', pod: { ...owner.pod, ...times } } }
    : { address, ...times, owner: { kind: 'service', service: { ...owner.service, ...times } } };
}

async function insertSpans(tx: Tx, spans: readonly AddressSpan[]): Promise<void> {
  for (let start = 0; start < spans.length; start += ROWS_PER_STATEMENT) {
    const rows = spans.slice(start, start + ROWS_PER_STATEMENT).map((span) => ({
      address: span.address,
      uid: uidOf(span.owner),
      since_at: span.sinceMs,
      until_at: span.untilMs === Infinity ? 0 : Math.max(1, span.untilMs),
      document: JSON.stringify(slim(span.owner)),
    }));
    await tx.insertInto('address_spans').values(rows)
      // It has ended and is listed still, or it has it again: since when stays as it was.
      .onConflict((conflict) => conflict.columns(['address', 'uid']).doUpdateSet((eb) => ({
        until_at: eb.ref('excluded.until_at'),
        document: eb.ref('excluded.document'),
      })).where(sql<boolean>`address_spans.until_at <> excluded.until_at`))
      .execute();
  }
}

/** Of containers only their named ports: services may ask for them. */
function slim(owner: AddressOwner): AddressOwner {
  if (owner.kind === 'service') return owner;
  const { pod } = owner;
  const containers = pod.containers.filter(({ ports }) => ports.some(({ name }) => name !== ''))
    .map(({ name, ports }) => ({ name, image: '', digest: '', ports }));
  return { kind: 'pod', pod: { ...pod, containers } };
}

/** The oldest that have ended go first. */
async function dropBeyond(tx: Tx): Promise<number> {
  const beyond = await tx.selectFrom('address_spans').select('until_at')
    .where('until_at', '>', 0).orderBy('until_at', 'desc').offset(SPANS_MAX).limit(1)
    .executeTakeFirst();
  if (beyond === undefined) return 0;
  const { numDeletedRows } = await tx.deleteFrom('address_spans').where('until_at', '>', 0)
    .where('until_at', '<=', beyond.until_at).executeTakeFirst();
  return Number(numDeletedRows);
}
