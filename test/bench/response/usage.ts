import { readFileSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const UTIME_INDEX = 11;

/** What a process has used of the CPU so far (Linux). */
export function cpuSecondsOf(pid: number): number {
  // After the name, which may hold anything but is in brackets.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[UTIME_INDEX]) + Number(fields[UTIME_INDEX + 1])) / TICKS_PER_SECOND;
}
