import { Reader } from 'protobufjs/minimal.js';
import { profileStates } from '../../../baseline/alert.ts';
import { lanner } from '../../gen/lanner.js';
import {
  ALERTS_PER_BATCH_MAX,
  CAPABILITIES_MAX,
  DOCUMENT_BYTES_MAX,
  GAPS_PER_BATCH_MAX,
  IMAGES_PER_HEARTBEAT_MAX,
  NODE_ADDRESSES_MAX,
} from './bounds.ts';
import type { Maybe } from './decode-alert.ts';
import {
  bodyOf,
  boundedList,
  decodeAlert,
  decodeImage,
  nameOf,
  namesOf,
  oneOf,
} from './decode-alert.ts';
import { addressOf, decodeFlows } from './decode-flows.ts';
import { decodeImages } from './decode-images.ts';
import { FrameError } from './frame-error.ts';
import { agentSide, checkFrame, collectorSide } from './frame-shape.ts';
import type {
  AgentFrame,
  CollectorFrame,
  GapRecord,
  HeartbeatFrame,
  ImageProgress,
} from './frames.ts';
import { commandActions, commandOutcomes, gapCauses, sensorStates } from './frames.ts';
import { decodedInteger, decodedNumber, decodedUnsigned } from './number.ts';

const imageProgress = (message: lanner.v1.ImageProgress.$Properties): ImageProgress => ({
  profileKey: nameOf(message.profileKey, 'image.profileKey'),
  image: decodeImage(message.image, 'image.image'),
  state: oneOf(profileStates, message.state, 'image.state'),
  coverage: decodedNumber(message.coverage, 'image.coverage'),
  observations: decodedUnsigned(message.observations, 'image.observations'),
  pods: decodedUnsigned(message.pods, 'image.pods'),
  completeInSeconds: decodedNumber(message.completeInSeconds, 'image.completeInSeconds'),
});

const heartbeat = (message: lanner.v1.Heartbeat.$Properties): HeartbeatFrame => ({
  kind: 'heartbeat',
  time: nameOf(message.time, 'heartbeat.time'),
  eventsReceived: decodedUnsigned(message.eventsReceived, 'heartbeat.eventsReceived'),
  eventsJudged: decodedUnsigned(message.eventsJudged, 'heartbeat.eventsJudged'),
  eventsDropped: decodedUnsigned(message.eventsDropped, 'heartbeat.eventsDropped'),
  outboxPending: decodedUnsigned(message.outboxPending, 'heartbeat.outboxPending'),
  lagSeconds: decodedNumber(message.lagSeconds, 'heartbeat.lagSeconds'),
  images: boundedList(message.images, IMAGES_PER_HEARTBEAT_MAX, 'heartbeat.images').map(
    imageProgress,
  ),
  falcoVersion: nameOf(message.falcoVersion, 'heartbeat.falcoVersion'),
  sensorState: oneOf(sensorStates, message.sensorState || 'unknown', 'heartbeat.sensorState'),
  sensorDetail: nameOf(message.sensorDetail, 'heartbeat.sensorDetail'),
});

const gapRecord = (message: lanner.v1.GapRecord.$Properties): GapRecord => ({
  from: nameOf(message.from, 'gap.from'),
  to: nameOf(message.to, 'gap.to'),
  cause: oneOf(gapCauses, message.cause, 'gap.cause'),
  eventsEstimate: decodedInteger(message.eventsEstimate, 'gap.eventsEstimate'),
});

const bounded = (bytes: Maybe<Uint8Array>): Uint8Array => {
  if (!bytes) return new Uint8Array();
  if (bytes.length > DOCUMENT_BYTES_MAX) throw new FrameError('too-large', 'document');
  return bytes;
};

const document = (message: lanner.v1.Evidence.$Properties) => {
  return {
    profileKey: nameOf(message.profileKey, 'profileKey'),
    revision: decodedUnsigned(message.revision, 'revision'),
    document: bounded(message.document),
  };
};

const addressesOf = ({ addresses }: lanner.v1.Hello.$Properties) => {
  const found = boundedList(addresses, NODE_ADDRESSES_MAX, 'hello.addresses')
    .map((address) => addressOf(address, 'hello.addresses'));
  return found.length === 0 ? {} : { addresses: found };
};

const agentFrame = (message: lanner.v1.AgentFrame.$Properties): AgentFrame => {
  if (message.alerts) {
    const alerts = boundedList(message.alerts.alerts, ALERTS_PER_BATCH_MAX, 'alerts');
    return {
      kind: 'alerts',
      epoch: nameOf(message.alerts.epoch, 'alerts.epoch'),
      sequence: decodedUnsigned(message.alerts.sequence, 'alerts.sequence'),
      alerts: alerts.map(decodeAlert),
      gaps: boundedList(message.alerts.gaps, GAPS_PER_BATCH_MAX, 'gaps').map(gapRecord),
      ...(message.alerts.flows ? { flows: decodeFlows(message.alerts.flows) } : {}),
    };
  }
  if (message.evidence) return { kind: 'evidence', ...document(message.evidence) };
  if (message.heartbeat) return heartbeat(message.heartbeat);
  if (message.commandResult) {
    return {
      kind: 'command-result',
      id: nameOf(message.commandResult.id, 'commandResult.id'),
      outcome: oneOf(commandOutcomes, message.commandResult.outcome, 'commandResult.outcome'),
      detail: bodyOf(message.commandResult.detail, 'commandResult.detail'),
      document: bounded(message.commandResult.document),
    };
  }
  if (message.images) return decodeImages(message.images);
  if (message.hello) {
    return {
      kind: 'hello',
      protocol: decodedUnsigned(message.hello.protocol, 'hello.protocol'),
      cluster: nameOf(message.hello.cluster, 'hello.cluster'),
      node: nameOf(message.hello.node, 'hello.node'),
      agentVersion: nameOf(message.hello.agentVersion, 'hello.agentVersion'),
      falcoVersion: nameOf(message.hello.falcoVersion, 'hello.falcoVersion'),
      capabilities: namesOf(message.hello.capabilities, CAPABILITIES_MAX, 'hello.capabilities'),
      epoch: nameOf(message.hello.epoch, 'hello.epoch'),
      ...addressesOf(message.hello),
    };
  }
  throw new FrameError('unknown-frame', 'frame');
};

const collectorFrame = (message: lanner.v1.CollectorFrame.$Properties): CollectorFrame => {
  if (message.ack) {
    return {
      kind: 'ack',
      epoch: nameOf(message.ack.epoch, 'ack.epoch'),
      sequence: decodedUnsigned(message.ack.sequence, 'ack.sequence'),
    };
  }
  if (message.profile) return { kind: 'profile', ...document(message.profile) };
  if (message.command) {
    return {
      kind: 'command',
      id: nameOf(message.command.id, 'command.id'),
      action: oneOf(commandActions, message.command.action, 'command.action'),
      containerId: nameOf(message.command.containerId, 'command.containerId'),
      podUid: nameOf(message.command.podUid, 'command.podUid'),
      pid: decodedInteger(message.command.pid, 'command.pid'),
      deadline: nameOf(message.command.deadline, 'command.deadline'),
      observedAt: nameOf(message.command.observedAt, 'command.observedAt'),
      seconds: decodedUnsigned(message.command.seconds, 'command.seconds'),
    };
  }
  if (message.decisions) {
    return {
      kind: 'decisions',
      revision: decodedUnsigned(message.decisions.revision, 'decisions.revision'),
      document: bounded(message.decisions.document),
    };
  }
  if (message.slowDown) {
    return {
      kind: 'slow-down',
      window: decodedUnsigned(message.slowDown.window, 'slowDown.window'),
      reason: bodyOf(message.slowDown.reason, 'slowDown.reason'),
    };
  }
  if (message.welcome) {
    return {
      kind: 'welcome',
      protocol: decodedUnsigned(message.welcome.protocol, 'welcome.protocol'),
      collectorVersion: nameOf(message.welcome.collectorVersion, 'welcome.collectorVersion'),
      committedSequence: decodedUnsigned(message.welcome.committedSequence, 'committedSequence'),
      window: decodedUnsigned(message.welcome.window, 'welcome.window'),
    };
  }
  throw new FrameError('unknown-frame', 'frame');
};

/** The generated decoder throws several kinds of error at bad bytes; all of them mean one thing. */
const parsed = <T>(bytes: Uint8Array, decode: (reader: Reader) => Maybe<T>): T => {
  const reader = Reader.create(bytes);
  reader.discardUnknown = true;
  let message: Maybe<T>;
  try {
    message = decode(reader);
  } catch (error) {
    throw new FrameError('wire-format', 'frame', { cause: error });
  }
  if (!message) throw new FrameError('wire-format', 'frame');
  return message;
};

export const decodeAgentFrame = (bytes: Uint8Array): AgentFrame => {
  checkFrame(bytes, agentSide);
  return agentFrame(parsed(bytes, (reader) => lanner.v1.AgentFrame.decode(reader)));
};

export const decodeCollectorFrame = (bytes: Uint8Array): CollectorFrame => {
  checkFrame(bytes, collectorSide);
  return collectorFrame(parsed(bytes, (reader) => lanner.v1.CollectorFrame.decode(reader)));
};
