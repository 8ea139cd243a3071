/** How well scores tell attacks from normal processes; higher scores are more suspicious. */
export type Roc = {
  /** Chance that an attack scores above a normal process; a tie counts half. */
  readonly auc: number;
  /** Detected share of the attacks where the share of false alarms stays at or below the key. */
  readonly detectedAt: ReadonlyMap<number, number>;
};

export function rocOf(
  normal: readonly number[],
  attacks: readonly number[],
  falseAlarmShares: readonly number[],
): Roc {
  return {
    auc: aucOf(normal, attacks),
    detectedAt: new Map(
      falseAlarmShares.map((share) => [share, detectedShare(normal, attacks, share)]),
    ),
  };
}

/** Mann–Whitney: the rank sum of the attacks, with mean ranks for ties. */
function aucOf(normal: readonly number[], attacks: readonly number[]): number {
  if (normal.length === 0 || attacks.length === 0) return Number.NaN;
  const all = [
    ...normal.map((score) => ({ score, isAttack: false })),
    ...attacks.map((score) => ({ score, isAttack: true })),
  ].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]?.score === all[from]?.score) to += 1;
    const meanRank = (from + 1 + to) / 2;
    for (let at = from; at < to; at += 1) if (all[at]?.isAttack === true) rankSum += meanRank;
    from = to;
  }
  const wins = rankSum - (attacks.length * (attacks.length + 1)) / 2;
  return wins / (normal.length * attacks.length);
}

/** The threshold lies just above the normal score that may no longer alarm. */
function detectedShare(
  normal: readonly number[],
  attacks: readonly number[],
  share: number,
): number {
  const falling = normal.toSorted((a, b) => b - a);
  const threshold = falling[Math.floor(share * normal.length)] ?? Number.NEGATIVE_INFINITY;
  return attacks.filter((score) => score > threshold).length / attacks.length;
}
