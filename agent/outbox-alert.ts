import type { Alert, Words } from '../baseline/alert.ts';
import { sensorAlert } from './sensor-alert.ts';

/** Why alerts may be gone that the collector had not acknowledged; a gap record says since when. */
export type OutboxLoss =
  /** The file could not be read and was set aside. */
  | 'broken'
  /** The collector has more than this file ever gave out: somebody put an old copy back. */
  | 'old-copy';

export type OutboxLossOrigin = {
  readonly id: string;
  readonly cluster: string;
  readonly node: string;
  readonly time: string;
};

export function outboxAlert(loss: OutboxLoss, origin: OutboxLossOrigin): Alert {
  const { id, cluster, node, time } = origin;
  return sensorAlert({
    id,
    revision: 1,
    severity: 'high',
    cluster,
    node,
    firstTime: time,
    lastTime: time,
    count: 1,
    reason: reasonOf(loss, node),
  });
}

function reasonOf(loss: OutboxLoss, node: string): Words {
  switch (loss) {
    case 'broken':
      return {
        en: `the outbox of ${node} was broken; alerts that the collector had not acknowledged ` +
          'are lost (the file is kept beside it)',
        zh: `节点 ${node} 的发件箱已损坏，采集中心未确认的告警已丢失（原文件保留）`,
      };
    case 'old-copy':
      return {
        en: `the outbox of ${node} is an old copy: the collector has more than it ever gave out; ` +
          'alerts of the newer file that the collector had not acknowledged are lost',
        zh: `节点 ${node} 的发件箱是旧副本：采集中心已收到的内容多于该文件发出的内容，新文件中未确认的告警已丢失`,
      };
  }
}
