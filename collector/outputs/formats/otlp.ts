import type { Notice } from '../notice.ts';
import {
  compact,
  countOf,
  documentOf,
  incidentIdOf,
  scoreOf,
  timeNs,
} from './fields.ts';
import { severityWords } from './severity.ts';

/**
 * An element of OTLP's `ExportLogsServiceRequest.resourceLogs` as JSON (opentelemetry-proto 1.x):
 * 64-bit numbers are text. The pod is the resource, so that the semantic conventions' `k8s.*`
 * stand where backends look for them.
 */
type Value =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly Value[] } };
type Attribute = { readonly key: string; readonly value: Value };

export function otlpResourceLogs(notice: Notice, version: string, nowMs: number) {
  return {
    resource: { attributes: resourceOf(notice, version) },
    scopeLogs: [{
      scope: { name: 'lanner', version },
      logRecords: [recordOf(notice, nowMs)],
    }],
  };
}

function resourceOf(notice: Notice, version: string): readonly Attribute[] {
  const { place } = notice;
  const alert = notice.kind === 'alert' ? notice.alert : undefined;
  return attributes({
    'service.name': 'lanner-collector',
    'service.version': version,
    'k8s.cluster.name': place.cluster,
    'k8s.node.name': place.node,
    'k8s.namespace.name': place.namespace,
    'k8s.pod.name': place.pod,
    'k8s.pod.uid': place.podUid,
    'k8s.container.name': alert?.containerName,
    'container.id': alert?.containerId,
    'container.image.name': place.image,
  });
}

function recordOf(notice: Notice, nowMs: number) {
  const { otlp, otlpText } = severityWords[notice.severity];
  const process = notice.kind === 'alert' ? notice.alert.process : undefined;
  return {
    timeUnixNano: timeNs(notice.lastTime),
    observedTimeUnixNano: `${nowMs}000000`,
    severityNumber: otlp,
    severityText: otlpText,
    eventName: `lanner.${notice.kind}`,
    body: { stringValue: notice.text.en },
    attributes: attributes({
      'log.record.uid': notice.uuid,
      'event.name': `lanner.${notice.kind}`,
      'lanner.rule': notice.rule,
      'lanner.severity': notice.severity,
      'lanner.incident': incidentIdOf(notice),
      'lanner.workload': notice.place.workload,
      'lanner.count': countOf(notice),
      'lanner.score': scoreOf(notice),
      'threat.technique.id': notice.techniques,
      'process.pid': process?.pid,
      'process.executable.path': process?.exe,
      'process.command_line': process?.commandLine,
      'lanner.record': JSON.stringify(documentOf(notice)),
    }),
  };
}

type Plain = string | number | readonly string[] | undefined;

function attributes(fields: Readonly<Record<string, Plain>>): readonly Attribute[] {
  return Object.entries(compact(fields)).map(([key, value]) =>
    ({ key, value: valueOf(value as Exclude<Plain, undefined>) }));
}

function valueOf(value: Exclude<Plain, undefined>): Value {
  if (typeof value === 'string') return { stringValue: value.toWellFormed() };
  if (typeof value !== 'number') return { arrayValue: { values: value.map(valueOf) } };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
