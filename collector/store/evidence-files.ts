import type { EvidenceFileStore } from '../respond/response-store.ts';
import { StoreFailure } from './faces.ts';
import type { StoreContext } from './store-context.ts';

/** What was taken before an action, kept in the store so that any replica can show it. */
export const EVIDENCE_FILE_BYTES_MAX = 32 * 1_024 * 1_024;
const FILES_LISTED_MAX = 1_000;

export function evidenceFileStore({ db }: StoreContext): EvidenceFileStore {
  return {
    putEvidence: async ({ responseId, name, mediaType, bytes, takenAtMs }) => {
      if (bytes.length > EVIDENCE_FILE_BYTES_MAX) {
        throw new StoreFailure(
          'too-large',
          `a file of evidence has at most ${EVIDENCE_FILE_BYTES_MAX} bytes, not ${bytes.length}`,
        );
      }
      const row = { media_type: mediaType, taken_at: takenAtMs, size: bytes.length, bytes };
      await db.insertInto('evidence').values({ response_id: responseId, name, ...row })
        .onConflict((conflict) => conflict.columns(['response_id', 'name']).doUpdateSet(row))
        .execute();
    },
    listEvidence: async (responseId) => {
      const rows = await db.selectFrom('evidence')
        .select(['name', 'media_type', 'taken_at', 'size'])
        .where('response_id', '=', responseId)
        .orderBy('number')
        .limit(FILES_LISTED_MAX)
        .execute();
      return rows.map((row) => ({
        responseId,
        name: row.name,
        mediaType: row.media_type,
        takenAtMs: row.taken_at,
        size: row.size,
      }));
    },
    readEvidence: async (responseId, name) => {
      const row = await db.selectFrom('evidence').select(['media_type', 'taken_at', 'bytes'])
        .where('response_id', '=', responseId)
        .where('name', '=', name)
        .executeTakeFirst();
      return row === undefined ? undefined : {
        responseId,
        name,
        mediaType: row.media_type,
        takenAtMs: row.taken_at,
        bytes: row.bytes,
      };
    },
  };
}
