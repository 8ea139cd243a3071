/** Is an address within a range, as `ipBlock` means it. Addresses are as Kubernetes prints them. */
export function isWithin(address: string, cidr: string): boolean {
  const slash = cidr.lastIndexOf('/');
  const range = bitsOf(slash < 0 ? cidr : cidr.slice(0, slash));
  const one = bitsOf(address);
  if (range === null || one === null || range.width !== one.width) return false;
  const length = slash < 0 ? range.width : Number(cidr.slice(slash + 1));
  if (!Number.isInteger(length) || length < 0 || length > range.width) return false;
  const shift = BigInt(range.width - length);
  return one.bits >> shift === range.bits >> shift;
}

type Bits = { readonly bits: bigint; readonly width: 32 | 128 };

export function bitsOf(address: string): Bits | null {
  if (!address.includes(':')) return v4(address);
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address);
  return mapped === null ? v6(address) : v4(mapped[1] ?? '');
}

function v4(text: string): Bits | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]{1,3}$/.test(part) && +part <= 255)) {
    return null;
  }
  return { bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n), width: 32 };
}

function v6(text: string): Bits | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const known = groups.reduce((count, half) => count + half.length, 0);
  if (halves.length === 1 ? known !== 8 : known > 7) return null;
  const zeros = Array.from({ length: 8 - known }, () => '0');
  const all = halves.length === 1 ? groups[0] : [...groups[0] ?? [], ...zeros, ...groups[1] ?? []];
  if (all === undefined || !all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const bits = all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { bits, width: 128 };
}
