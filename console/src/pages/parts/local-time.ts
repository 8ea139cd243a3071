/** Times as `<input type=datetime-local>` writes them: the viewer's, without a zone. */
export function localTimeOf(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-` +
    two(date.getDate());
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same moment in UTC; empty when it is none, or one that no API takes. */
export function timeOfLocal(local: string): string {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(local)) return '';
  const date = new Date(local);
  return Number.isNaN(date.getTime()) || date.getTime() < 0 ? '' : date.toISOString();
}
