import type { Alert, AlertBehaviour, AlertProcess, Words } from '../../../baseline/alert.ts';
import { ALERT_BEHAVIOURS_MAX } from '../../../baseline/alert.ts';
import type { Image } from '../../../baseline/observation.ts';
import type { lanner } from '../../gen/lanner.js';
import { cutText } from '../../text.ts';
import {
  ANCESTRY_MAX,
  FIELDS_MAX,
  FIELD_NAME_BYTES_MAX,
  FIELD_VALUE_BYTES_MAX,
  NAME_BYTES_MAX,
  SCORE_PARTS_MAX,
  TECHNIQUES_MAX,
  TECHNIQUE_BYTES_MAX,
  TEXT_BYTES_MAX,
} from './bounds.ts';
import { encodedCount, encodedInteger, encodedNumber } from './number.ts';

export const nameText = (text: string): string => cutText(text, NAME_BYTES_MAX);
export const bodyText = (text: string): string => cutText(text, TEXT_BYTES_MAX);

export const nameList = (texts: readonly string[], max: number): string[] =>
  texts.slice(0, max).map(nameText);

const techniqueList = (ids: readonly string[]): string[] =>
  ids.slice(0, TECHNIQUES_MAX).map((id) => cutText(id, TECHNIQUE_BYTES_MAX));

export const encodeImage = (image: Image): lanner.v1.Image.$Properties => ({
  repository: nameText(image.repository),
  tag: nameText(image.tag),
  digest: nameText(image.digest),
});

const encodeWords = (words: Words): lanner.v1.Words.$Properties => ({
  en: bodyText(words.en),
  zh: bodyText(words.zh),
});

const encodeProcess = (process: AlertProcess): lanner.v1.AlertProcess.$Properties => ({
  pid: encodedInteger(process.pid, 'process.pid'),
  name: nameText(process.name),
  exe: bodyText(process.exe),
  commandLine: bodyText(process.commandLine),
  uid: encodedInteger(process.uid, 'process.uid'),
  ancestry: nameList(process.ancestry, ANCESTRY_MAX),
});

const encodeFields = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .slice(0, FIELDS_MAX)
      .map(([name, value]) => [
        cutText(name, FIELD_NAME_BYTES_MAX),
        cutText(value, FIELD_VALUE_BYTES_MAX),
      ]),
  );

const encodeBehaviour = (behaviour: AlertBehaviour): lanner.v1.AlertBehaviour.$Properties => ({
  channel: behaviour.channel,
  value: bodyText(behaviour.value),
  time: nameText(behaviour.time),
  count: encodedCount(behaviour.count, 'behaviour.count'),
  score: encodedNumber(behaviour.score, 'behaviour.score'),
  techniques: techniqueList(behaviour.techniques),
  reason: encodeWords(behaviour.reason),
  process: encodeProcess(behaviour.process),
  fields: encodeFields(behaviour.fields),
});

export const encodeAlert = (alert: Alert): lanner.v1.Alert.$Properties => {
  const cut = Math.max(0, alert.behaviours.length - ALERT_BEHAVIOURS_MAX);
  return {
    id: nameText(alert.id),
    revision: encodedCount(alert.revision, 'alert.revision'),
    kind: alert.kind,
    severity: alert.severity,
    cluster: nameText(alert.cluster),
    node: nameText(alert.node),
    namespace: nameText(alert.namespace),
    pod: nameText(alert.pod),
    podUid: nameText(alert.podUid),
    workload: nameText(alert.workload),
    containerId: nameText(alert.containerId),
    containerName: nameText(alert.containerName),
    image: encodeImage(alert.image),
    process: encodeProcess(alert.process),
    behaviours: alert.behaviours.slice(0, ALERT_BEHAVIOURS_MAX).map(encodeBehaviour),
    behavioursDropped: encodedCount(alert.behavioursDropped + cut, 'alert.behavioursDropped'),
    profile: {
      state: alert.profile.state,
      coverage: encodedNumber(alert.profile.coverage, 'profile.coverage'),
      observations: encodedInteger(alert.profile.observations, 'profile.observations'),
      pods: encodedCount(alert.profile.pods, 'profile.pods'),
    },
    score: encodedNumber(alert.score, 'alert.score'),
    scoreParts: alert.scoreParts.slice(0, SCORE_PARTS_MAX).map((part) => ({
      name: nameText(part.name),
      value: encodedNumber(part.value, 'scorePart.value'),
    })),
    techniques: techniqueList(alert.techniques),
    firstTime: nameText(alert.firstTime),
    lastTime: nameText(alert.lastTime),
    count: encodedCount(alert.count, 'alert.count'),
    reason: encodeWords(alert.reason),
  };
};
