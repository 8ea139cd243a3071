import type { Notice } from '../notice.ts';
import { documentOf, incidentIdOf } from './fields.ts';

/** Our own form: the head that every record has, and the record as the API shows it. */
export const lannerDocument = (notice: Notice): Readonly<Record<string, unknown>> => ({
  uuid: notice.uuid,
  kind: notice.kind,
  severity: notice.severity,
  rule: notice.rule,
  text: notice.text,
  time: notice.lastTime,
  incidentId: incidentIdOf(notice),
  ...notice.place,
  techniques: notice.techniques,
  record: documentOf(notice),
});
