import { lanner } from '../../gen/lanner.js';
import {
  ALERTS_PER_BATCH_MAX,
  CAPABILITIES_MAX,
  DOCUMENT_BYTES_MAX,
  GAPS_PER_BATCH_MAX,
  IMAGES_PER_HEARTBEAT_MAX,
  NODE_ADDRESSES_MAX,
} from './bounds.ts';
import { bodyText, encodeAlert, encodeImage, nameList, nameText } from './encode-alert.ts';
import { addressText, encodeFlows } from './encode-flows.ts';
import { encodeImages } from './encode-images.ts';
import { FrameError } from './frame-error.ts';
import type { FrameSide } from './frame-shape.ts';
import { agentSide, checkFrame, collectorSide } from './frame-shape.ts';
import type {
  AgentFrame,
  AlertsFrame,
  CollectorFrame,
  EvidenceFrame,
  GapRecord,
  HeartbeatFrame,
  HelloFrame,
  ImageProgress,
  ProfileFrame,
} from './frames.ts';
import { encodedCount, encodedInteger, encodedNumber } from './number.ts';

const hello = (frame: HelloFrame): lanner.v1.Hello.$Properties => ({
  protocol: encodedCount(frame.protocol, 'hello.protocol'),
  cluster: nameText(frame.cluster),
  node: nameText(frame.node),
  agentVersion: nameText(frame.agentVersion),
  falcoVersion: nameText(frame.falcoVersion),
  capabilities: nameList(frame.capabilities, CAPABILITIES_MAX),
  epoch: nameText(frame.epoch),
  addresses: (frame.addresses ?? []).slice(0, NODE_ADDRESSES_MAX).map(addressText),
});

const gapRecord = (gap: GapRecord): lanner.v1.GapRecord.$Properties => ({
  from: nameText(gap.from),
  to: nameText(gap.to),
  cause: gap.cause,
  eventsEstimate: encodedInteger(gap.eventsEstimate, 'gap.eventsEstimate'),
});

const bounded = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > DOCUMENT_BYTES_MAX) throw new FrameError('too-large', 'document');
  return bytes;
};

const alertBatch = (frame: AlertsFrame): lanner.v1.AlertBatch.$Properties => {
  if (frame.alerts.length > ALERTS_PER_BATCH_MAX) throw new FrameError('too-large', 'alerts');
  if (frame.gaps.length > GAPS_PER_BATCH_MAX) throw new FrameError('too-large', 'gaps');
  return {
    epoch: nameText(frame.epoch),
    sequence: encodedInteger(frame.sequence, 'alerts.sequence'),
    alerts: frame.alerts.map(encodeAlert),
    gaps: frame.gaps.map(gapRecord),
    ...(frame.flows === undefined ? {} : { flows: encodeFlows(frame.flows) }),
  };
};

const document = (frame: EvidenceFrame | ProfileFrame): lanner.v1.Evidence.$Properties => {
  return {
    profileKey: nameText(frame.profileKey),
    revision: encodedInteger(frame.revision, 'revision'),
    document: bounded(frame.document),
  };
};

const imageProgress = (progress: ImageProgress): lanner.v1.ImageProgress.$Properties => ({
  profileKey: nameText(progress.profileKey),
  image: encodeImage(progress.image),
  state: progress.state,
  coverage: encodedNumber(progress.coverage, 'image.coverage'),
  observations: encodedInteger(progress.observations, 'image.observations'),
  pods: encodedCount(progress.pods, 'image.pods'),
  completeInSeconds: encodedNumber(progress.completeInSeconds, 'image.completeInSeconds'),
});

const heartbeat = (frame: HeartbeatFrame): lanner.v1.Heartbeat.$Properties => ({
  time: nameText(frame.time),
  eventsReceived: encodedInteger(frame.eventsReceived, 'heartbeat.eventsReceived'),
  eventsJudged: encodedInteger(frame.eventsJudged, 'heartbeat.eventsJudged'),
  eventsDropped: encodedInteger(frame.eventsDropped, 'heartbeat.eventsDropped'),
  outboxPending: encodedInteger(frame.outboxPending, 'heartbeat.outboxPending'),
  lagSeconds: encodedNumber(frame.lagSeconds, 'heartbeat.lagSeconds'),
  images: frame.images.slice(0, IMAGES_PER_HEARTBEAT_MAX).map(imageProgress),
  falcoVersion: nameText(frame.falcoVersion),
  sensorState: frame.sensorState === 'unknown' ? '' : frame.sensorState,
  sensorDetail: nameText(frame.sensorDetail),
});

const agentMessage = (frame: AgentFrame): lanner.v1.AgentFrame.$Properties => {
  switch (frame.kind) {
    case 'hello':
      return { hello: hello(frame) };
    case 'alerts':
      return { alerts: alertBatch(frame) };
    case 'evidence':
      return { evidence: document(frame) };
    case 'heartbeat':
      return { heartbeat: heartbeat(frame) };
    case 'images':
      return { images: encodeImages(frame) };
    case 'command-result':
      return {
        commandResult: {
          id: nameText(frame.id),
          outcome: frame.outcome,
          detail: bodyText(frame.detail),
          document: bounded(frame.document),
        },
      };
  }
};

const collectorMessage = (frame: CollectorFrame): lanner.v1.CollectorFrame.$Properties => {
  switch (frame.kind) {
    case 'welcome':
      return {
        welcome: {
          protocol: encodedCount(frame.protocol, 'welcome.protocol'),
          collectorVersion: nameText(frame.collectorVersion),
          committedSequence: encodedInteger(frame.committedSequence, 'welcome.committedSequence'),
          window: encodedCount(frame.window, 'welcome.window'),
        },
      };
    case 'ack':
      return {
        ack: {
          epoch: nameText(frame.epoch),
          sequence: encodedInteger(frame.sequence, 'ack.sequence'),
        },
      };
    case 'profile':
      return { profile: document(frame) };
    case 'command':
      return {
        command: {
          id: nameText(frame.id),
          action: frame.action,
          containerId: nameText(frame.containerId),
          podUid: nameText(frame.podUid),
          pid: encodedInteger(frame.pid, 'command.pid'),
          deadline: nameText(frame.deadline),
          observedAt: nameText(frame.observedAt),
          seconds: encodedCount(frame.seconds, 'command.seconds'),
        },
      };
    case 'decisions':
      return {
        decisions: {
          revision: encodedInteger(frame.revision, 'decisions.revision'),
          document: bounded(frame.document),
        },
      };
    case 'slow-down':
      return {
        slowDown: {
          window: encodedCount(frame.window, 'slowDown.window'),
          reason: bodyText(frame.reason),
        },
      };
  }
};

/** What leaves is held to what the other side will check: a refused batch would stop the link. */
const checked = (bytes: Uint8Array, side: FrameSide): Buffer => {
  checkFrame(bytes, side);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** Fails with `FrameError` `too-large` when a batch or document is: the sender splits it. */
export const encodeAgentFrame = (frame: AgentFrame): Buffer =>
  checked(lanner.v1.AgentFrame.encode(agentMessage(frame)).finish(), agentSide);

export const encodeCollectorFrame = (frame: CollectorFrame): Buffer =>
  checked(lanner.v1.CollectorFrame.encode(collectorMessage(frame)).finish(), collectorSide);
