import type { Words } from '../../baseline/alert.ts';
import type { Incident } from './incident.ts';

const TITLE_CHARACTERS_MAX = 300;

/** What an analyst reads first: where, what, and how much more of it. */
export function titleOf(incident: Incident): Words {
  const reason = incident.alerts[0]?.reason ?? incident.title;
  const more = incident.alertCount - 1;
  if (incident.scope === 'behaviour') {
    const pods = incident.pods.length + incident.podsDropped;
    const what = incident.sharedBehaviour.replace(/^[\w-]+: /, '');
    return {
      en: cut(`${what} on ${pods} pods of ${incident.imageRepository}: ${reason.en}`),
      zh: cut(`${incident.imageRepository} 的 ${pods} 个 Pod 出现 ${what}：${reason.zh}`),
    };
  }
  const where = placeOf(incident);
  return {
    en: cut(`${where}: ${reason.en}${more > 0 ? ` (and ${more} more)` : ''}`),
    zh: cut(`${where}：${reason.zh}${more > 0 ? `（另有 ${more} 条告警）` : ''}`),
  };
}

function placeOf(incident: Incident): string {
  const [pod] = incident.pods;
  if (pod === undefined) return incident.cluster;
  if (pod.pod !== '') return `${pod.namespace}/${pod.pod}`;
  return incident.imageRepository === '' ? pod.node : `${incident.imageRepository}@${pod.node}`;
}

function cut(text: string): string {
  const characters = Array.from(text);
  return characters.length <= TITLE_CHARACTERS_MAX
    ? text
    : `${characters.slice(0, TITLE_CHARACTERS_MAX - 1).join('')}…`;
}
