import process from 'node:process';

import { nowMs } from './clock.ts';

/**
 * Where a response is on its way. The two programs run as they are; a module that is loaded before
 * them (`--import`) puts these marks around their own methods and writes them as lines between
 * those of the log. Marks are written for the pods of the bench alone, so that the other alerts
 * cost what they cost.
 */
export const BENCH_NAMESPACE = 'bench';

export const stages = [
  /** The event is judged. */
  'found',
  /** The alert is on the node's disk. */
  'durable',
  /** It is in a batch, on its way. */
  'sent',
  /** The collector has it, in a committed transaction. */
  'stored',
  /** It is in an incident, and the policy is asked. */
  'correlated',
  /** Proposed and approved by the policy, with the records in the audit. */
  'decided',
  /** The guardrails have read the cluster and the beginning is stored. */
  'begun',
  /** The API server has answered the DELETE, or the agent has the command. */
  'called',
  /** The cgroup is frozen, as its own file says. */
  'frozen',
] as const;
export type Stage = (typeof stages)[number];

export type Mark = { readonly stage: Stage; readonly pod: string; readonly atMs: number };

const PREFIX = 'mark ';

/** `pod`: its uid or its name, whichever is known there. */
export function mark(stage: Stage, pod: string): void {
  process.stdout.write(`${PREFIX}${JSON.stringify({ stage, pod, atMs: nowMs() } satisfies Mark)}\n`);
}

export const markOf = (line: string): Mark | undefined =>
  line.startsWith(PREFIX) ? JSON.parse(line.slice(PREFIX.length)) as Mark : undefined;

/** Puts something around a method of all objects of a class. */
export function around<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  make: (original: T[K]) => T[K],
): void {
  prototype[name] = make(prototype[name]);
}
