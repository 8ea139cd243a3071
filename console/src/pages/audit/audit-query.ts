/**
 * What the address says as the API asks for it. Days are the viewer's: `to` is the end of that day.
 */
export const auditFamilies = [
  'response',
  'profile',
  'policy',
  'incident',
  'token',
  'session',
  'access',
  'suppression',
  'maintenance',
  'output',
  'link',
] as const;
export type AuditFamily = (typeof auditFamilies)[number];

export type AuditQuery = {
  readonly actor?: string;
  readonly subject?: string;
  readonly action?: string;
  readonly from?: string;
  readonly to?: string;
};

export function auditQueryOf(search: URLSearchParams): AuditQuery {
  const actor = search.get('actor') ?? '';
  const subject = search.get('subject') ?? '';
  const action = auditFamilies.find((family) => family === search.get('action'));
  const from = startOfDay(search.get('from') ?? '', 0);
  const to = startOfDay(search.get('to') ?? '', 1);
  return {
    ...actor === '' ? {} : { actor },
    ...subject === '' ? {} : { subject },
    ...action === undefined ? {} : { action },
    ...from === null ? {} : { from },
    ...to === null ? {} : { to },
  };
}

/** Midnight of a day as `<input type=date>` writes it, so many days later; null when it is none. */
function startOfDay(text: string, daysLater: number): string | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return null;
  const [, year, month, day] = match;
  const date = new Date(Number(year), Number(month) - 1, Number(day) + daysLater);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
