import type {
  Alert,
  AlertBehaviour,
  AlertProcess,
  Words,
} from '../../../baseline/alert.ts';
import {
  ALERT_BEHAVIOURS_MAX,
  alertKinds,
  channels,
  profileStates,
  severities,
} from '../../../baseline/alert.ts';
import type { Image } from '../../../baseline/observation.ts';
import type { lanner } from '../../gen/lanner.js';
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
import { FrameError } from './frame-error.ts';
import { decodedInteger, decodedNumber, decodedUnsigned } from './number.ts';

export type Maybe<T> = T | null | undefined;

export const boundedText = (text: Maybe<string>, bytesMax: number, field: string): string => {
  const value = text ?? '';
  if (value.length * 3 > bytesMax && Buffer.byteLength(value) > bytesMax) {
    throw new FrameError('too-large', field);
  }
  return value;
};

export const nameOf = (text: Maybe<string>, field: string): string =>
  boundedText(text, NAME_BYTES_MAX, field);

export const bodyOf = (text: Maybe<string>, field: string): string =>
  boundedText(text, TEXT_BYTES_MAX, field);

export const boundedList = <T>(list: Maybe<readonly T[]>, max: number, field: string) => {
  const values = list ?? [];
  if (values.length > max) throw new FrameError('too-large', field);
  return values;
};

export const namesOf = (list: Maybe<readonly string[]>, max: number, field: string) =>
  boundedList(list, max, field).map((text) => nameOf(text, field));

const techniquesOf = (ids: Maybe<readonly string[]>): readonly string[] =>
  boundedList(ids, TECHNIQUES_MAX, 'techniques').map((id) =>
    boundedText(id, TECHNIQUE_BYTES_MAX, 'techniques'),
  );

export const oneOf = <T extends string>(set: readonly T[], text: Maybe<string>, field: string) => {
  const found = set.find((member) => member === text);
  if (found === undefined) throw new FrameError('unknown-value', field);
  return found;
};

const present = <T>(message: Maybe<T>, field: string): T => {
  if (message === null || message === undefined) throw new FrameError('missing', field);
  return message;
};

export const decodeImage = (image: Maybe<lanner.v1.Image.$Properties>, field: string): Image => {
  const message = present(image, field);
  return {
    repository: nameOf(message.repository, 'image.repository'),
    tag: nameOf(message.tag, 'image.tag'),
    digest: nameOf(message.digest, 'image.digest'),
  };
};

const decodeWords = (words: Maybe<lanner.v1.Words.$Properties>): Words => {
  const message = present(words, 'reason');
  return { en: bodyOf(message.en, 'reason.en'), zh: bodyOf(message.zh, 'reason.zh') };
};

const decodeProcess = (process: Maybe<lanner.v1.AlertProcess.$Properties>): AlertProcess => {
  const message = present(process, 'process');
  return {
    pid: decodedInteger(message.pid, 'process.pid'),
    name: nameOf(message.name, 'process.name'),
    exe: bodyOf(message.exe, 'process.exe'),
    commandLine: bodyOf(message.commandLine, 'process.commandLine'),
    uid: decodedInteger(message.uid, 'process.uid'),
    ancestry: namesOf(message.ancestry, ANCESTRY_MAX, 'process.ancestry'),
  };
};

const decodeFields = (fields: Maybe<Record<string, string>>): Record<string, string> =>
  // fromEntries defines properties: a field called __proto__ stays a field.
  Object.fromEntries(
    boundedList(Object.entries(fields ?? {}), FIELDS_MAX, 'behaviour.fields').map(
      ([name, value]) => [
        boundedText(name, FIELD_NAME_BYTES_MAX, 'behaviour.fields'),
        boundedText(value, FIELD_VALUE_BYTES_MAX, 'behaviour.fields'),
      ],
    ),
  );

const decodeBehaviour = (message: lanner.v1.AlertBehaviour.$Properties): AlertBehaviour => ({
  channel: oneOf(channels, message.channel, 'behaviour.channel'),
  value: bodyOf(message.value, 'behaviour.value'),
  time: nameOf(message.time, 'behaviour.time'),
  count: decodedUnsigned(message.count, 'behaviour.count'),
  score: decodedNumber(message.score, 'behaviour.score'),
  techniques: techniquesOf(message.techniques),
  reason: decodeWords(message.reason),
  process: decodeProcess(message.process),
  fields: decodeFields(message.fields),
});

const decodeProfile = (profile: Maybe<lanner.v1.AlertProfile.$Properties>): Alert['profile'] => {
  const message = present(profile, 'profile');
  return {
    state: oneOf(profileStates, message.state, 'profile.state'),
    coverage: decodedNumber(message.coverage, 'profile.coverage'),
    observations: decodedUnsigned(message.observations, 'profile.observations'),
    pods: decodedUnsigned(message.pods, 'profile.pods'),
  };
};

export const decodeAlert = (message: lanner.v1.Alert.$Properties): Alert => ({
  id: nameOf(message.id, 'alert.id'),
  revision: decodedUnsigned(message.revision, 'alert.revision'),
  kind: oneOf(alertKinds, message.kind, 'alert.kind'),
  severity: oneOf(severities, message.severity, 'alert.severity'),
  cluster: nameOf(message.cluster, 'alert.cluster'),
  node: nameOf(message.node, 'alert.node'),
  namespace: nameOf(message.namespace, 'alert.namespace'),
  pod: nameOf(message.pod, 'alert.pod'),
  podUid: nameOf(message.podUid, 'alert.podUid'),
  workload: nameOf(message.workload, 'alert.workload'),
  containerId: nameOf(message.containerId, 'alert.containerId'),
  containerName: nameOf(message.containerName, 'alert.containerName'),
  image: decodeImage(message.image, 'alert.image'),
  process: decodeProcess(message.process),
  behaviours: boundedList(message.behaviours, ALERT_BEHAVIOURS_MAX, 'behaviours').map(
    decodeBehaviour,
  ),
  behavioursDropped: decodedUnsigned(message.behavioursDropped, 'alert.behavioursDropped'),
  profile: decodeProfile(message.profile),
  score: decodedNumber(message.score, 'alert.score'),
  scoreParts: boundedList(message.scoreParts, SCORE_PARTS_MAX, 'scoreParts').map((part) => ({
    name: nameOf(part.name, 'scorePart.name'),
    value: decodedNumber(part.value, 'scorePart.value'),
  })),
  techniques: techniquesOf(message.techniques),
  firstTime: nameOf(message.firstTime, 'alert.firstTime'),
  lastTime: nameOf(message.lastTime, 'alert.lastTime'),
  count: decodedUnsigned(message.count, 'alert.count'),
  reason: decodeWords(message.reason),
});
