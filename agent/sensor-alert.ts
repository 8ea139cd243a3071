import type { Alert, AlertBehaviour, Severity, Words } from '../baseline/alert.ts';

/** Told about the sensor itself: no pod, no image, no profile stands behind it. */
export type SensorNews = {
  readonly id: string;
  readonly revision: number;
  readonly severity: Severity;
  readonly cluster: string;
  readonly node: string;
  readonly firstTime: string;
  readonly lastTime: string;
  readonly count: number;
  readonly reason: Words;
  readonly behaviours?: readonly AlertBehaviour[];
};

export function sensorAlert(news: SensorNews): Alert {
  return {
    id: news.id,
    revision: news.revision,
    kind: 'sensor',
    severity: news.severity,
    cluster: news.cluster,
    node: news.node,
    namespace: '',
    pod: '',
    podUid: '',
    workload: '',
    containerId: '',
    containerName: '',
    image: { repository: '', tag: '', digest: '' },
    process: { pid: -1, name: '', exe: '', commandLine: '', uid: -1, ancestry: [] },
    behaviours: news.behaviours ?? [],
    behavioursDropped: 0,
    profile: { state: 'learning', coverage: 0, observations: 0, pods: 0 },
    score: 0,
    scoreParts: [],
    techniques: [],
    firstTime: news.firstTime,
    lastTime: news.lastTime,
    count: news.count,
    reason: news.reason,
  };
}
