import type {
  AccessStore,
  Holder,
  StoredSession,
  StoredToken,
} from '../access/access-store.ts';
import type { Grant } from '../access/principal.ts';
import { appendAudit } from './audit.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tables, Tx } from './tables.ts';

/** Tokens that hold, people and sessions: bounded by the callers; what has ended is cleared. */
const TOKENS_LIVE_MAX = 1_000;
/** How long the list still shows what was revoked or has expired; the audit keeps it anyway. */
const ENDED_KEPT_MS = 90 * 86_400_000;

type Access = Omit<AccessStore, 'appendAudit'>;

export function accessStore(context: StoreContext): Access {
  return { ...tokens(context), ...sessions(context), ...codes(context), ...people(context.db) };
}

type TokenFace = 'insertToken' | 'readToken' | 'listTokens' | 'revokeToken' | 'touchToken';

function tokens(context: StoreContext): Pick<Access, TokenFace> {
  const { db } = context;
  return {
    insertToken: (token, audit) => transact(context, async (tx) => {
      const nowMs = token.createdAtMs;
      await endExpired(tx, nowMs);
      const live = await tx.selectFrom('access_tokens').select(({ fn }) =>
        fn.countAll<number>().as('count')).where('revoked_at', '=', 0).executeTakeFirst();
      if ((live?.count ?? 0) >= TOKENS_LIVE_MAX) return 'too-many';
      const { numInsertedOrUpdatedRows } = await tx.insertInto('access_tokens')
        .values(tokenColumns(token))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if ((numInsertedOrUpdatedRows ?? 0n) === 0n) return 'name-taken';
      await appendAudit(tx, audit);
      return 'inserted';
    }),
    readToken: async (id) => {
      const row = await db.selectFrom('access_tokens').selectAll().where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : tokenOf(row);
    },
    listTokens: async (limit) => {
      const rows = await db.selectFrom('access_tokens').selectAll()
        .orderBy('created_at', 'desc').orderBy('id').limit(limit).execute();
      return rows.map(tokenOf);
    },
    revokeToken: (id, audit) => transact(context, async (tx) => {
      const { numUpdatedRows } = await tx.updateTable('access_tokens')
        .set({ revoked_at: audit.atMs, revoked_by: audit.actor })
        .where('id', '=', id).where('revoked_at', '=', 0)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      await tx.deleteFrom('access_sessions').where('holder_key', '=', `token ${id}`).execute();
      await tx.deleteFrom('access_codes').where('token_id', '=', id).execute();
      await appendAudit(tx, audit);
      return true;
    }),
    touchToken: async (id, atMs) => {
      await db.updateTable('access_tokens').set({ last_used_at: atMs })
        .where('id', '=', id).where('last_used_at', '<', atMs).execute();
    },
  };
}

/** What has expired gives its name free, and goes when it is old. */
async function endExpired(tx: Tx, nowMs: number): Promise<void> {
  await tx.updateTable('access_tokens')
    .set((eb) => ({ revoked_at: eb.ref('expires_at'), revoked_by: 'expiry' }))
    .where('revoked_at', '=', 0).where('expires_at', '>', 0).where('expires_at', '<=', nowMs)
    .execute();
  await tx.deleteFrom('access_tokens')
    .where('revoked_at', '>', 0).where('revoked_at', '<', nowMs - ENDED_KEPT_MS)
    // A revoked bootstrap token must not come back with the next start.
    .where('name', '<>', 'bootstrap')
    .execute();
}

const tokenColumns = (token: StoredToken): Tables['access_tokens'] => ({
  id: token.id,
  name: token.name,
  hash: token.hash,
  grants: JSON.stringify(token.grants),
  created_by: token.createdBy,
  created_at: token.createdAtMs,
  expires_at: token.expiresAtMs,
  last_used_at: token.lastUsedAtMs,
  revoked_at: token.revokedAtMs,
  revoked_by: token.revokedBy,
});

const tokenOf = (row: Tables['access_tokens']): StoredToken => ({
  id: row.id,
  name: row.name,
  hash: row.hash,
  grants: JSON.parse(row.grants) as readonly Grant[],
  createdBy: row.created_by,
  createdAtMs: row.created_at,
  expiresAtMs: row.expires_at,
  lastUsedAtMs: row.last_used_at,
  revokedAtMs: row.revoked_at,
  revokedBy: row.revoked_by,
});

type SessionFace = 'insertSession' | 'readSession' | 'touchSession' | 'deleteSession';

function sessions(context: StoreContext): Pick<Access, SessionFace> {
  const { db } = context;
  return {
    insertSession: (session, { perHolder, inAll }) => transact(context, async (tx) => {
      await tx.deleteFrom('access_sessions').where('expires_at', '<=', session.createdAtMs)
        .execute();
      const key = holderKey(session.holder);
      const own = await tx.selectFrom('access_sessions').select('hash')
        .where('holder_key', '=', key)
        .orderBy('created_at', 'desc').orderBy('hash').offset(perHolder - 1).limit(perHolder)
        .execute();
      for (const { hash } of own) {
        await tx.deleteFrom('access_sessions').where('hash', '=', hash).execute();
      }
      const row = await tx.selectFrom('access_sessions')
        .select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst();
      if ((row?.count ?? 0) >= inAll) return false;
      await tx.insertInto('access_sessions').values({
        hash: session.hash,
        holder: JSON.stringify(session.holder),
        holder_key: key,
        created_at: session.createdAtMs,
        last_seen_at: session.lastSeenAtMs,
        expires_at: session.expiresAtMs,
      }).execute();
      return true;
    }),
    readSession: async (hash) => {
      const row = await db.selectFrom('access_sessions').selectAll().where('hash', '=', hash)
        .executeTakeFirst();
      return row === undefined ? undefined : sessionOf(row);
    },
    touchSession: async (hash, atMs) => {
      await db.updateTable('access_sessions').set({ last_seen_at: atMs })
        .where('hash', '=', hash).where('last_seen_at', '<', atMs).execute();
    },
    deleteSession: async (hash) => {
      const { numDeletedRows } = await db.deleteFrom('access_sessions').where('hash', '=', hash)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

const holderKey = (holder: Holder): string =>
  holder.kind === 'token' ? `token ${holder.tokenId}` : `person ${holder.name}`;

const sessionOf = (row: Tables['access_sessions']): StoredSession => ({
  hash: row.hash,
  holder: JSON.parse(row.holder) as Holder,
  createdAtMs: row.created_at,
  lastSeenAtMs: row.last_seen_at,
  expiresAtMs: row.expires_at,
});

function codes(context: StoreContext): Pick<Access, 'insertCode' | 'takeCode'> {
  return {
    insertCode: (code, max) => transact(context, async (tx) => {
      // As many as there may be wait for five minutes at most; the oldest go first.
      const rows = await tx.selectFrom('access_codes').select('hash')
        .orderBy('expires_at', 'desc').orderBy('hash').offset(max - 1).limit(max).execute();
      for (const { hash } of rows) {
        await tx.deleteFrom('access_codes').where('hash', '=', hash).execute();
      }
      await tx.insertInto('access_codes').values({
        hash: code.hash,
        token_id: code.tokenId,
        expires_at: code.expiresAtMs,
      }).execute();
      return true;
    }),
    takeCode: async (hash, nowMs) => {
      // One statement: of two that come with the same code, one gets it.
      const row = await context.db.deleteFrom('access_codes').where('hash', '=', hash)
        .returning(['token_id', 'expires_at']).executeTakeFirst();
      return row === undefined || row.expires_at <= nowMs ? undefined : row.token_id;
    },
  };
}

function people(db: Db): Pick<Access, 'nameOfSubject' | 'knownSubject'> {
  const known = async (subject: string): Promise<string | undefined> => {
    const row = await db.selectFrom('access_people').select('name').where('subject', '=', subject)
      .executeTakeFirst();
    return row?.name;
  };
  return {
    knownSubject: known,
    nameOfSubject: async (subject, wished, nowMs) => {
      await db.insertInto('access_people')
        .values({ subject, name: wished, folded_name: wished.toLowerCase(), created_at: nowMs })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return known(subject);
    },
  };
}
