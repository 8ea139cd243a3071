import type { Notice } from '../notice.ts';
import { compact, countOf, fileOf, incidentIdOf, peerOf, scoreOf } from './fields.ts';
import { severityWords } from './severity.ts';

/** Go’s decoder takes nothing else, and without a time it refuses the event. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/**
 * What Falco itself would post, so that each of falcosidekick's outputs takes it. Falcosidekick
 * refuses an event without rule, time or output fields, and routes by `priority`: critical →
 * Critical, high → Error, medium → Warning, low → Notice, informational → Informational.
 */
export function falcosidekickEvent(notice: Notice): Readonly<Record<string, unknown>> {
  const { falco } = severityWords[notice.severity];
  const time = RFC_3339.test(notice.lastTime) && !Number.isNaN(Date.parse(notice.lastTime))
    ? notice.lastTime
    : new Date(0).toISOString();
  return {
    uuid: notice.uuid,
    output: `${time}: ${falco} ${notice.text.en}`,
    priority: falco,
    rule: notice.rule,
    time,
    output_fields: outputFields(notice),
    source: 'lanner',
    tags: ['lanner', notice.kind, ...notice.techniques],
    hostname: notice.place.node || 'lanner-collector',
  };
}

type Fields = Readonly<Record<string, string | number>>;

/** Falco's names where it has one for it. The first two are never empty. */
function outputFields(notice: Notice): Fields {
  const { place, kind } = notice;
  return {
    'lanner.kind': kind,
    'lanner.severity': notice.severity,
    ...compact({
      'k8s.ns.name': place.namespace,
      'k8s.pod.name': place.pod,
      'k8s.pod.uid': place.podUid,
      'container.image.repository': place.image,
      'lanner.cluster': place.cluster,
      'lanner.workload': place.workload,
      'lanner.incident': incidentIdOf(notice),
      'lanner.score': scoreOf(notice),
      'lanner.count': countOf(notice),
      'lanner.first_time': notice.firstTime,
    }) as Fields,
    ...(notice.kind === 'alert' ? alertFields(notice) : {}),
  };
}

function alertFields({ alert }: Extract<Notice, { readonly kind: 'alert' }>): Fields {
  const { process, image, profile } = alert;
  const peer = peerOf(alert);
  return compact({
    'container.id': alert.containerId,
    'container.name': alert.containerName,
    'container.image.tag': image.tag,
    'container.image.digest': image.digest,
    'proc.name': process.name,
    'proc.exepath': process.exe,
    'proc.cmdline': process.commandLine,
    'proc.pid': process.pid,
    'proc.pname': process.ancestry[0] ?? '',
    'user.uid': process.uid,
    'fd.rip': peer?.ip ?? '',
    'fd.rport': peer === undefined || peer.port < 0 ? '' : peer.port,
    'fd.name': fileOf(alert) ?? '',
    'lanner.alert': alert.id,
    'lanner.revision': alert.revision,
    'lanner.behaviour': alert.behaviours[0]?.value ?? '',
    'lanner.profile.state': profile.state,
    'lanner.profile.coverage': profile.coverage,
    'lanner.techniques': alert.techniques.join(','),
  }) as Fields;
}
