/** Times in commands are RFC 3339; `Date.parse` alone would take `1` and `May` as well. */
const RFC_3339 =
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970, or null. */
export function timeOf(text: string): number | null {
  if (!RFC_3339.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}
