/** As people read sizes; both languages write them alike. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const isWhole = unit === 0 || value >= 100;
  return `${isWhole ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
