/**
 * From a pod's name to what made the pod. The pods of one workload learn together, so a wrong
 * guess must err towards too many workloads rather than join two of them: every suffix that is
 * cut has to look exactly as Kubernetes makes it.
 */

/** Kubernetes draws suffixes from letters that cannot form words (apimachinery's util/rand). */
const RANDOM_SUFFIX = /^[bcdfghjklmnpqrstvwxz2456789]{5}$/;
/**
 * A pod-template-hash is a 32-bit number in decimal, spelled in the same alphabet: 10 characters
 * mostly, 7 or more in 99.8 % of cases. The digit that it nearly always holds tells it from a name
 * without vowels.
 */
const TEMPLATE_HASH = /^(?=[a-z]*[2456789])[bcdfghjklmnpqrstvwxz2456789]{7,10}$/;
/** A CronJob names its jobs by the scheduled minute since 1970: 8 digits until the year 2160. */
const SCHEDULED_MINUTE = /^[0-9]{8}$/;
const ORDINAL = /^[0-9]{1,5}$/;

export function workloadOf(pod: string, node: string): string {
  if (node !== '' && pod.length > node.length + 1 && pod.endsWith(`-${node}`)) {
    // A static pod (kube-apiserver, kube-proxy on some distributions) ends in its node's name.
    return pod.slice(0, -node.length - 1);
  }
  const [base, last] = cut(pod);
  if (base === '') return pod;
  if (ORDINAL.test(last)) return base;
  if (!RANDOM_SUFFIX.test(last)) return pod;
  const [owner, middle] = cut(base);
  if (owner !== '' && (TEMPLATE_HASH.test(middle) || SCHEDULED_MINUTE.test(middle))) return owner;
  return base;
}

function cut(name: string): readonly [string, string] {
  const at = name.lastIndexOf('-');
  return at <= 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}
