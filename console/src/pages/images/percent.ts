/**
 * A share in per cent. What is not quite everything is never rounded up to it: `100 %` would say
 * that nothing is left to learn.
 */
export function percentOf(share: number): string {
  const bounded = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  if (bounded === 1) return '100 %';
  const tenths = Math.floor(bounded * 1_000) / 10;
  return `${tenths >= 90 ? tenths.toFixed(1) : Math.round(tenths)} %`;
}
