import type { Alert, AlertBehaviour } from '../../../baseline/alert.ts';
import type { Notice } from '../notice.ts';
import {
  compact,
  countOf,
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
 * OCSF 1.5.0, Detection Finding (class 2004): the first version with `anomaly_analyses`. The
 * schema is closed, so that what it has no word for is in `unmapped`.
 */
const OCSF_VERSION = '1.5.0';
const ATTACK_VERSION = '17.1';
const CLASS_UID = 2_004;
const ACTIVITY = { create: 1, update: 2, close: 3 } as const;
const ACTIVITY_NAMES = { 1: 'Create', 2: 'Update', 3: 'Close' } as const;
const BEHAVIOURAL = 2;
const OBSERVABLE = { ip: 2, file: 7, process: 9, resource: 10, command: 13 } as const;
const REGULAR_FILE = 1;
const NEW = 1;
const RESOLVED = 4;

export function ocsfEvent(notice: Notice, version: string): Readonly<Record<string, unknown>> {
  const activity = activityOf(notice);
  const { ocsf, ocsfName } = severityWords[notice.severity];
  const score = scoreOf(notice);
  const isClosed = activity === ACTIVITY.close;
  return compact({
    category_uid: 2,
    category_name: 'Findings',
    class_uid: CLASS_UID,
    class_name: 'Detection Finding',
    activity_id: activity,
    activity_name: ACTIVITY_NAMES[activity],
    type_uid: CLASS_UID * 100 + activity,
    type_name: `Detection Finding: ${ACTIVITY_NAMES[activity]}`,
    severity_id: ocsf,
    severity: ocsfName,
    status_id: isClosed ? RESOLVED : NEW,
    status: isClosed ? 'Resolved' : 'New',
    time: timeMs(notice.lastTime),
    start_time: timeMs(notice.firstTime),
    end_time: timeMs(notice.lastTime),
    count: countOf(notice),
    is_alert: notice.kind === 'alert' || notice.kind === 'incident',
    message: notice.text.en,
    risk_score: score === undefined ? undefined : Math.round(score),
    metadata: compact({
      version: OCSF_VERSION,
      product: { name: 'Lanner', vendor_name: 'Lanner', version },
      uid: notice.uuid,
      correlation_uid: incidentIdOf(notice),
      event_code: notice.rule,
    }),
    finding_info: findingInfo(notice),
    resources: resources(notice),
    evidences: notice.kind === 'alert' ? evidences(notice.alert) : undefined,
    anomaly_analyses: notice.kind === 'alert' ? anomalies(notice.alert) : undefined,
    observables: observables(notice),
    unmapped: { kind: notice.kind, record: documentOf(notice) },
  });
}

type Activity = (typeof ACTIVITY)[keyof typeof ACTIVITY];

function activityOf(notice: Notice): Activity {
  if (notice.kind === 'incident' && notice.isClosed) return ACTIVITY.close;
  const revision = notice.uuid.slice(notice.uuid.lastIndexOf(':') + 1);
  return Number(revision) > 1 && (notice.kind === 'alert' || notice.kind === 'incident')
    ? ACTIVITY.update
    : ACTIVITY.create;
}

function findingInfo(notice: Notice) {
  return compact({
    uid: notice.recordId,
    title: notice.rule,
    desc: notice.text.en,
    types: [notice.kind],
    first_seen_time: timeMs(notice.firstTime),
    last_seen_time: timeMs(notice.lastTime),
    created_time: timeMs(notice.firstTime),
    modified_time: timeMs(notice.lastTime),
    data_sources: ['Falco'],
    analytic: { name: notice.rule, type: 'Behavioral', type_id: BEHAVIOURAL },
    attacks: notice.techniques.map(attackOf),
    related_events: notice.kind === 'incident'
      ? notice.incident.alerts.map(({ id, reason, firstTime, count }) => compact({
        uid: `alert:${id}`,
        title: reason.en,
        first_seen_time: timeMs(firstTime),
        count,
      }))
      : undefined,
  });
}

function attackOf(id: string) {
  const [parent = id] = id.split('.');
  const technique = { uid: parent, name: techniqueName(parent) };
  return parent === id
    ? { version: ATTACK_VERSION, technique }
    : { version: ATTACK_VERSION, technique, sub_technique: { uid: id, name: techniqueName(id) } };
}

function resources(notice: Notice) {
  const { place } = notice;
  if (place.pod === '' && place.node === '') return undefined;
  const labels = place.workload === '' ? [] : [`workload:${place.workload}`];
  const pod = compact({
    type: 'Pod',
    name: place.pod,
    uid: place.podUid,
    namespace: place.namespace,
    labels,
  });
  const node = compact({ type: 'Node', name: place.node, labels: [`cluster:${place.cluster}`] });
  return [
    ...(place.pod === '' && place.podUid === '' ? [] : [pod]),
    ...(place.node === '' ? [] : [node]),
  ];
}

const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

function containerOf({ containerId, containerName, image, podUid }: Alert) {
  if (containerId === '' && containerName === '') return undefined;
  return compact({
    uid: containerId,
    name: containerName,
    orchestrator: 'Kubernetes',
    // The schema wants one that looks like one; a static pod's is a hash.
    pod_uuid: UUID.test(podUid) ? podUid : '',
    image: image.repository === '' ? undefined : compact({
      uid: image.digest || `${image.repository}:${image.tag}`,
      name: image.repository,
      tag: image.tag,
    }),
  });
}

function evidences(alert: Alert) {
  return alert.behaviours.map((behaviour) => {
    const single = { ...alert, behaviours: [behaviour] };
    const peer = peerOf(single);
    const path = fileOf(single);
    return compact({
      name: behaviour.value,
      process: processOf(behaviour),
      container: containerOf(alert),
      file: path === undefined ? undefined : fileObject(path),
      dst_endpoint: peer === undefined
        ? undefined
        : compact({ ip: peer.ip, port: peer.port < 0 ? undefined : peer.port }),
      data: { channel: behaviour.channel, reason: behaviour.reason.en, fields: behaviour.fields },
    });
  });
}

function processOf({ process }: AlertBehaviour) {
  const [parent] = process.ancestry;
  return compact({
    pid: process.pid,
    name: process.name,
    path: process.exe,
    cmd_line: process.commandLine,
    user: { uid: String(process.uid) },
    ancestry: process.ancestry.filter((name) => name !== '').map((name) => ({ name })),
    // The agent knows a parent's name, not its pid; an object without one must have another id.
    parent_process: parent === undefined || parent === '' ? undefined : { name: parent, uid: parent },
  });
}

const fileObject = (path: string) => ({
  path,
  name: path.slice(path.lastIndexOf('/') + 1) || path,
  type_id: REGULAR_FILE,
});

function anomalies(alert: Alert) {
  const { behaviours, profile, image } = alert;
  if (behaviours.length === 0) return undefined;
  const target = image.repository === '' ? alert.node : image.repository;
  return [{
    analysis_targets: [{ name: target || 'unknown', type: 'Container Image' }],
    anomalies: behaviours.map(({ channel, value, count, reason }) => ({
      observation_parameter: channel,
      observations: [{ value, count }],
      observed_pattern: reason.en,
    })),
    baselines: [{
      observation_parameter: 'profile',
      observations: [{ value: profile.state, count: profile.observations }],
      observed_pattern: `coverage ${profile.coverage} over ${profile.pods} pods`,
    }],
  }];
}

function observables(notice: Notice) {
  const { place } = notice;
  const list: { type_id: number; name: string; value: string }[] = [];
  const add = (type_id: number, name: string, value: string): void => {
    if (value !== '') list.push({ type_id, name, value });
  };
  add(OBSERVABLE.resource, 'resources[].name', place.pod || place.node);
  if (notice.kind === 'alert') {
    const { alert } = notice;
    add(OBSERVABLE.process, 'evidences[].process.name', alert.process.name);
    add(OBSERVABLE.command, 'evidences[].process.cmd_line', alert.process.commandLine);
    add(OBSERVABLE.ip, 'evidences[].dst_endpoint.ip', peerOf(alert)?.ip ?? '');
    add(OBSERVABLE.file, 'evidences[].file.name', fileOf(alert) ?? '');
  }
  return list;
}
