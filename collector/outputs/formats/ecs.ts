import type { Alert, Channel } from '../../../baseline/alert.ts';
import type { Notice } from '../notice.ts';
import {
  compact,
  documentOf,
  fileOf,
  incidentIdOf,
  peerOf,
  scoreOf,
  techniqueName,
  timeMs,
} from './fields.ts';
import { severityWords } from './severity.ts';

/**
 * Elastic Common Schema. Field names are nested objects, so that an index template for ECS takes
 * them as they are; what ECS has no word for is below `lanner`.
 */
const ECS_VERSION = '8.17.0';
const LABEL_MAX = 1_024;

export function ecsEvent(notice: Notice, version: string): Readonly<Record<string, unknown>> {
  const { place } = notice;
  const alert = notice.kind === 'alert' ? notice.alert : undefined;
  return compact({
    '@timestamp': new Date(timeMs(notice.lastTime)).toISOString(),
    ecs: { version: ECS_VERSION },
    message: notice.text.en,
    event: eventOf(notice),
    rule: { name: notice.rule.slice(0, LABEL_MAX), category: notice.kind },
    tags: ['lanner', notice.kind],
    observer: { vendor: 'Lanner', product: 'Lanner', type: 'ids', version },
    host: place.node === '' ? undefined : { name: place.node, hostname: place.node },
    orchestrator: place.cluster === '' && place.namespace === '' ? undefined : compact({
      type: 'kubernetes',
      namespace: place.namespace,
      cluster: place.cluster === '' ? undefined : { name: place.cluster },
      resource: place.pod === ''
        ? undefined
        : compact({ type: 'pod', name: place.pod, id: place.podUid }),
    }),
    threat: notice.techniques.length === 0 ? undefined : threatOf(notice.techniques),
    ...(alert === undefined ? {} : alertFields(alert)),
    lanner: compact({
      kind: notice.kind,
      incident: incidentIdOf(notice),
      workload: place.workload,
      image: place.image,
      // Each receiver's index has bounded field names: the record is one text.
      record: JSON.stringify(documentOf(notice)),
    }),
  });
}

function eventOf(notice: Notice) {
  const score = scoreOf(notice);
  const isFinding = notice.kind === 'alert' || notice.kind === 'incident';
  return compact({
    kind: isFinding ? 'alert' : 'event',
    id: notice.uuid,
    category: notice.kind === 'alert' ? categoriesOf(notice.alert) : ['intrusion_detection'],
    type: ['info'],
    module: 'lanner',
    dataset: `lanner.${notice.kind}`,
    provider: 'lanner',
    action: notice.kind === 'response' ? notice.response.action : notice.rule,
    reason: notice.text.en,
    severity: 7 - severityWords[notice.severity].syslog,
    risk_score: score,
    start: notice.firstTime,
    end: notice.lastTime,
  });
}

const CATEGORIES: Readonly<Record<Channel, string>> = {
  exec: 'process',
  net: 'network',
  priv: 'process',
  'file-write': 'file',
  'file-read': 'file',
  'file-change': 'file',
  rate: 'process',
  rule: 'intrusion_detection',
};

const categoriesOf = ({ behaviours }: Alert): readonly string[] =>
  [...new Set(['intrusion_detection', ...behaviours.map(({ channel }) => CATEGORIES[channel])])];

function threatOf(techniques: readonly string[]) {
  const parents = [...new Set(techniques.map((id) => id.split('.')[0] ?? id))];
  const children = techniques.filter((id) => id.includes('.'));
  return {
    framework: 'MITRE ATT&CK',
    technique: compact({
      id: parents,
      name: parents.map(techniqueName),
      subtechnique: children.length === 0
        ? undefined
        : { id: children, name: children.map(techniqueName) },
    }),
  };
}

function alertFields(alert: Alert) {
  const { process, image } = alert;
  const [parent = ''] = process.ancestry;
  const peer = peerOf(alert);
  const path = fileOf(alert);
  return compact({
    process: compact({
      pid: process.pid,
      name: process.name,
      executable: process.exe,
      command_line: process.commandLine,
      user: { id: String(process.uid) },
      parent: parent === '' ? undefined : { name: parent },
    }),
    container: compact({
      id: alert.containerId,
      name: alert.containerName,
      image: image.repository === '' ? undefined : compact({
        name: image.repository,
        tag: image.tag === '' ? undefined : [image.tag],
        hash: image.digest === '' ? undefined : { all: [image.digest] },
      }),
    }),
    file: path === undefined
      ? undefined
      : { path, name: path.slice(path.lastIndexOf('/') + 1) || path },
    destination: peer === undefined
      ? undefined
      : compact({ ip: peer.ip, port: peer.port < 0 ? undefined : peer.port }),
    network: peer === undefined || peer.protocol === '' ? undefined : { transport: peer.protocol },
  });
}
