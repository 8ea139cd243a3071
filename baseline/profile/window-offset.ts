/**
 * Where in the common window a pod's own windows begin. Windows of all pods that ended together
 * would be learned in one turn; so each has its own minute, by its hash, which is the same on every
 * node and after every restart. What is counted is windows of one pod, and none of it depends on
 * when they begin.
 */
export function windowOffset(pod: number, windowMs: number): number {
  return pod % windowMs;
}
