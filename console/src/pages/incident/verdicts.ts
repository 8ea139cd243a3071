import type { Verdict } from '../../../../collector/api/contract/incident.ts';

/** In the order in which they are offered; one that is missing does not compile. */
const offered: Readonly<Record<Verdict, true>> = { unclear: true, malicious: true, benign: true };
export const verdicts = Object.keys(offered) as readonly Verdict[];
