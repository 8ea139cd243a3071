/** Nanoseconds since 1970 as RFC 3339 in UTC with nine digits: Falco's own form, nothing rounded. */
export function rfc3339(ns: bigint): string {
  const ms = Number(ns / 1_000_000n);
  const rest = ns % 1_000_000_000n;
  const seconds = new Date(ms - (ms % 1000)).toISOString().slice(0, 19);
  return `${seconds}.${rest.toString().padStart(9, '0')}Z`;
}
