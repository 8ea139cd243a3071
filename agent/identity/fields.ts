/** Reads Falco's fields. The source has turned `<NA>` and `null` into an absent key already. */

export type Fields = ReadonlyMap<string, string>;

/** Beyond this a number is not one that Falco writes for a pid, a uid, a port or a status. */
const INTEGER_DIGITS_MAX = 15;
const DURATION_DIGITS_MAX = 19;

export function text(fields: Fields, name: string): string {
  return fields.get(name) ?? '';
}

export function integer(fields: Fields, name: string): number {
  const value = fields.get(name);
  if (value === undefined || !isDecimal(value, INTEGER_DIGITS_MAX)) return -1;
  return Number(value);
}

export function nanoseconds(fields: Fields, name: string): bigint {
  const value = fields.get(name);
  if (value === undefined || !isDecimal(value, DURATION_DIGITS_MAX)) return -1n;
  return BigInt(value);
}

export function isTrue(fields: Fields, name: string): boolean {
  return fields.get(name) === 'true';
}

function isDecimal(value: string, digitsMax: number): boolean {
  const first = value.charCodeAt(0) === 45 ? 1 : 0;
  const digits = value.length - first;
  if (digits < 1 || digits > digitsMax) return false;
  for (let at = first; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

const PORT_MAX = 65_535;

/** -1 for none, and for what is no port. */
export function portIn(fields: Fields, name: string): number {
  const value = integer(fields, name);
  return value >= 0 && value <= PORT_MAX ? value : -1;
}
