import type { Words } from '../../baseline/alert.ts';
import type { Incident } from './incident.ts';

const TITLE_CHARACTERS_MAX = 300;

/** What an analyst reads first: where, what, and how much more of it. */
export function titleOf(incident: Incident): Words {
  const reason = incident.alerts[0]?.reason ?? incident.title;
  const more = incident.alertCount - 1;
  const again = againOf(incident);
  if (incident.scope === 'behaviour') {
    const pods = incident.sharedPods ?? incident.pods.length + incident.podsDropped;
    const what = incident.sharedBehaviour.replace(/^[\w-]+: /, '');
    return {
      en: cut(`${what} on ${pods} pods of ${incident.imageRepository}: ${reason.en}`, again.en),
      zh: cut(`${incident.imageRepository} 的 ${pods} 个 Pod 出现 ${what}：${reason.zh}`, again.zh),
    };
  }
  const where = placeOf(incident);
  return {
    en: cut(`${where}: ${reason.en}${more > 0 ? ` (and ${more} more)` : ''}`, again.en),
    zh: cut(`${where}：${reason.zh}${more > 0 ? `（另有 ${more} 条告警）` : ''}`, again.zh),
  };
}

function againOf({ again }: Incident): Words {
  if (again === undefined) return { en: '', zh: '' };
  const { alerts: times, pods: { length: pods } } = again;
  return {
    en: ` (again on ${pods} ${pods === 1 ? 'pod' : 'pods'}, ${times} ${times === 1 ? 'time' : 'times'})`,
    zh: `（之后在 ${pods} 个 Pod 上重复 ${times} 次）`,
  };
}

function placeOf(incident: Incident): string {
  const [pod] = incident.pods;
  if (pod === undefined) return incident.cluster;
  if (pod.pod !== '') return `${pod.namespace}/${pod.pod}`;
  return incident.imageRepository === '' ? pod.node : `${incident.imageRepository}@${pod.node}`;
}

/** `end` is always shown. */
function cut(text: string, end: string): string {
  const characters = Array.from(text);
  const max = TITLE_CHARACTERS_MAX - Array.from(end).length;
  return characters.length <= max
    ? `${text}${end}`
    : `${characters.slice(0, max - 1).join('')}…${end}`;
}
