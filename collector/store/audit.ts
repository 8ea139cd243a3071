import type { AuditEntry, AuditStore } from '../respond/response-store.ts';
import type { Db, Tx } from './tables.ts';

export async function appendAudit(db: Db | Tx, entry: AuditEntry): Promise<void> {
  await db.insertInto('audit')
    .values({
      at: entry.atMs,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      detail: JSON.stringify(entry.detail),
    })
    .execute();
}

export function auditStore(db: Db): AuditStore {
  return {
    appendAudit: (entry) => appendAudit(db, entry),
    listAudit: async (page) => {
      let query = db.selectFrom('audit').selectAll().orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      const rows = await query.execute();
      return rows.map((row) => ({
        number: row.number,
        atMs: row.at,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: JSON.parse(row.detail) as Readonly<Record<string, unknown>>,
      }));
    },
  };
}
