import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { aBehaviour, anAlert } from '../../testing/alerts.ts';
import { hostileAlert } from '../../testing/hostile-alerts.ts';
import { alertNotice, everyNotice, incidentNotice } from '../../testing/notices.ts';
import { alertmanagerAlert } from './prometheus-alert.ts';
import { ecsEvent } from './ecs.ts';
import { falcosidekickEvent } from './falcosidekick.ts';
import { timeNs } from './fields.ts';
import { ocsfEvent } from './ocsf.ts';
import { otlpResourceLogs } from './otlp.ts';

/** OCSF's own, as the package ocsf-json-schema 1.2.0 makes it of schema 1.5.0. */
const schema = JSON.parse(readFileSync(join(
  import.meta.dirname, '../../../test/fixtures/ocsf/detection-finding-1.5.0.json'), 'utf8')) as object;
const isOcsf = new Ajv2020({ strict: false }).compile(schema);

/** As a receiver has it. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const net = aBehaviour({ channel: 'net', fields: {
  'fd.rip': '203.0.113.9', 'fd.rport': '4444', 'fd.l4proto': 'tcp' } });
const file = aBehaviour({ channel: 'file-write', fields: { 'fd.name': '/etc/cron.d/x' } });

describe('OCSF', () => {
  const check = (notice: Parameters<typeof ocsfEvent>[0]): void => {
    const event = sent(ocsfEvent(notice, '1.0'));
    isOcsf(event);
    expect(isOcsf.errors ?? []).toEqual([]);
  };

  test('every kind of record is valid against the schema of class 2004', () => {
    for (const notice of everyNotice()) check(notice);
    check(alertNotice(anAlert({ behaviours: [net, file] })));
  });

  test('so is whatever an attacker writes', () => {
    fc.assert(fc.property(hostileAlert, (alert) => check(alertNotice(alert))), { numRuns: 300 });
  });

  test('the schema does refuse: a test that cannot fail would prove nothing', () => {
    const event = sent(ocsfEvent(alertNotice(), '1.0')) as Record<string, unknown>;
    expect(isOcsf({ ...event, colour: 'red' })).toBe(false);
    expect(isOcsf({ ...event, severity_id: 77 })).toBe(false);
  });

  test('has the technique with its parent, the anomaly and where it went', () => {
    const event = ocsfEvent(alertNotice(anAlert({ behaviours: [net] }), 'incident-1'), '1.0');
    expect(event).toMatchObject({
      type_uid: 200_401,
      severity_id: 4,
      metadata: { correlation_uid: 'incident-1', version: '1.5.0' },
      finding_info: { attacks: [{ technique: { uid: 'T1059' }, sub_technique: { uid: 'T1059.004' } }] },
      evidences: [{ dst_endpoint: { ip: '203.0.113.9', port: 4_444 } }],
      anomaly_analyses: [{ anomalies: [{ observation_parameter: 'net' }] }],
    });
  });

  test('a later revision is an update, a closed incident a close', () => {
    expect(ocsfEvent(alertNotice(anAlert({ revision: 2 })), '1')).toMatchObject({ activity_id: 2 });
    expect(ocsfEvent(incidentNotice({ state: 'closed' }), '1'))
      .toMatchObject({ activity_id: 3, status_id: 4 });
  });
});

describe('falcosidekick', () => {
  test('rule, time and fields are never empty, whatever the alert holds', () => {
    fc.assert(fc.property(hostileAlert, (alert) => {
      const event = sent(falcosidekickEvent(alertNotice(alert))) as Record<string, unknown>;
      expect(event['rule']).not.toBe('');
      expect(Date.parse(String(event['time']))).not.toBeNaN();
      expect(Object.keys(event['output_fields'] as object).length).toBeGreaterThan(1);
      for (const value of Object.values(event['output_fields'] as object)) {
        expect(['string', 'number']).toContain(typeof value);
      }
    }), { numRuns: 200 });
  });

  test('maps each severity to a priority of Falco', () => {
    const priorities = (['critical', 'high', 'medium', 'low', 'informational'] as const)
      .map((severity) => falcosidekickEvent(alertNotice(anAlert({ severity })))['priority']);
    expect(priorities).toEqual(['Critical', 'Error', 'Warning', 'Notice', 'Informational']);
  });

  test('all kinds of records have what falcosidekick asks for', () => {
    for (const notice of everyNotice()) {
      expect(falcosidekickEvent(notice)).toMatchObject({
        uuid: notice.uuid, source: 'lanner', hostname: expect.stringMatching(/./),
        output: expect.stringMatching(/./),
      });
    }
  });
});

describe('ECS', () => {
  test('has ECS field names for process, container, file, destination and threat', () => {
    expect(sent(ecsEvent(alertNotice(anAlert({ behaviours: [net, file] })), '1.0'))).toMatchObject({
      '@timestamp': '2026-03-01T10:00:00.000Z',
      event: { kind: 'alert', category: ['intrusion_detection', 'network', 'file'], severity: 4 },
      process: { pid: 4_711, executable: '/bin/bash', parent: { name: 'gunicorn' } },
      container: { id: '0123456789ab', image: { name: 'docker.io/shop/web', tag: ['1.4.2'] } },
      file: { path: '/etc/cron.d/x', name: 'x' },
      destination: { ip: '203.0.113.9', port: 4_444 },
      orchestrator: { namespace: 'shop', resource: { type: 'pod' } },
      threat: { technique: { id: ['T1059'], subtechnique: { id: ['T1059.004'] } } },
    });
  });

  test('an index never sees an address that is none', () => {
    const odd = aBehaviour({ channel: 'net', fields: { 'fd.rip': '1.2.3.4; drop', 'fd.rport': 'x' } });
    expect(ecsEvent(alertNotice(anAlert({ behaviours: [odd] })), '1')).not.toHaveProperty('destination');
  });
});

describe('OTLP', () => {
  test('keeps all nine digits of a time, as text', () => {
    expect(timeNs('2026-03-01T10:00:00.123456789Z')).toBe('1772359200123456789');
    expect(timeNs('2026-03-01T10:00:00Z')).toBe('1772359200000000000');
    expect(timeNs('yesterday')).toBe('0');
  });

  test('the pod is the resource, the uuid the id of the record', () => {
    const logs = sent(otlpResourceLogs(alertNotice(), '1.0', 5));
    expect(logs).toMatchObject({
      resource: { attributes: expect.arrayContaining([
        { key: 'k8s.pod.name', value: { stringValue: 'web-7k4r7fk9xj-xn5cd' } }]) },
      scopeLogs: [{ logRecords: [{ severityNumber: 17, severityText: 'ERROR', attributes:
        expect.arrayContaining([
          { key: 'log.record.uid', value: { stringValue: 'alert-1:1' } },
          { key: 'process.pid', value: { intValue: '4711' } }]) }] }],
    });
  });
});

describe('Alertmanager', () => {
  const options = { labels: { team: 'soc' }, holdMs: 60_000, nowMs: Date.parse('2026-03-01T11:00:00Z') };

  test('the labels of an incident stay the same while it grows', () => {
    const labels = (over: Parameters<typeof incidentNotice>[0]): unknown =>
      alertmanagerAlert(incidentNotice(over), options)['labels'];
    expect(labels({ severity: 'critical', revision: 9, techniques: ['T1059'] }))
      .toEqual(labels({ severity: 'low' }));
  });

  test('an open incident ends later, a closed one now', () => {
    expect(alertmanagerAlert(incidentNotice(), options)['endsAt']).toBe('2026-03-01T11:01:00.000Z');
    expect(alertmanagerAlert(incidentNotice({ state: 'closed' }), options)['endsAt'])
      .toBe('2026-03-01T11:00:00.000Z');
  });
});
