import { readFileSync } from 'node:fs';

/**
 * Each link is a socket in the collector and one in a process of the bench. Node raises its soft
 * limit to the hard one by itself, so the hard one counts.
 */
const BESIDES = 256;

/** What is wrong, in words, when so many links cannot be. */
export function descriptorsLacking(links: number): string | undefined {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return 'CPU and memory of the collector are read from /proc: it needs Linux';
  }
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
  if (hard === 'unlimited' || Number(hard) >= links + BESIDES) return undefined;
  return `${links} links need ${links + BESIDES} open files, this shell allows ${hard}: ` +
    `ulimit -n ${links + BESIDES}, or fewer --links`;
}
