/**
 * The frames of the link as the rooms use them; generated types stay behind `encode-*.ts` and
 * `decode-*.ts`. Encoding cuts texts and lists to `bounds.ts` and makes every text well-formed.
 * Decoding fails with `FrameError` and with nothing else, whatever the bytes.
 */
import type { Alert, ProfileState } from '../../../baseline/alert.ts';
import type { Image } from '../../../baseline/observation.ts';

export { FrameError } from './frame-error.ts';
export type { FrameErrorCode } from './frame-error.ts';

/** Grows with each incompatible change of `fleet.proto`. */
export const LINK_PROTOCOL = 1;
/** The oldest that a collector of this version still takes: agents are upgraded after it. */
export const LINK_PROTOCOL_MIN = 1;

export const gapCauses = [
  'falco-drop',
  'falco-restart',
  'falco-silent',
  'overload',
  'outbox-lost',
  'flows-dropped',
] as const;
export type GapCause = (typeof gapCauses)[number];

export const commandActions = [
  'freeze',
  'thaw',
  'kill-process',
  'collect-evidence',
  'watch',
] as const;
export type CommandAction = (typeof commandActions)[number];

export const commandOutcomes = ['done', 'refused', 'failed'] as const;
export type CommandOutcome = (typeof commandOutcomes)[number];

export type ImageProgress = {
  readonly profileKey: string;
  readonly image: Image;
  readonly state: ProfileState;
  readonly coverage: number;
  readonly observations: number;
  readonly pods: number;
  /** -1 when nobody can say. */
  readonly completeInSeconds: number;
};

export type HelloFrame = {
  readonly kind: 'hello';
  readonly protocol: number;
  readonly cluster: string;
  readonly node: string;
  readonly agentVersion: string;
  readonly falcoVersion: string;
  readonly capabilities: readonly string[];
  readonly epoch: string;
  /** Of the node; none from an agent that does not say. */
  readonly addresses?: readonly string[];
};

export const flowDirections = ['out', 'in'] as const;
export type FlowDirection = (typeof flowDirections)[number];

/** `in-progress`: what does not wait for the answer is not told how it ended. */
export const flowOutcomes = ['ok', 'in-progress', 'refused', 'failed'] as const;
export type FlowOutcome = (typeof flowOutcomes)[number];

/** Who: a process of a container. The host's own have no pod. */
export type FlowActor = {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly workload: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly image: Image;
  readonly process: string;
  readonly exe: string;
};

/** What one actor had with one remote end within one minute. */
export type Flow = {
  /** Place in the chunk's list. */
  readonly actor: number;
  readonly direction: FlowDirection;
  readonly protocol: string;
  /** Empty where nobody knows it: of some failed connections, and where `folded`. */
  readonly remoteAddress: string;
  /** `out`: theirs; `in`: ours; -1 for none. */
  readonly port: number;
  readonly localAddress: string;
  readonly outcome: FlowOutcome;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** Of whoever connected; `portsBeyond` connections had others, or none that is known. */
  readonly sourcePorts: readonly number[];
  readonly portsBeyond: number;
  /** Stands for more remote addresses than could be kept apart. */
  readonly folded: boolean;
};

export type FlowChunk = {
  /** Milliseconds since 1970, of the minute's begin. */
  readonly minute: number;
  readonly actors: readonly FlowActor[];
  readonly flows: readonly Flow[];
  /** All that was seen from here to there has been sent with this chunk or before it. */
  readonly watched: { readonly from: number; readonly to: number } | null;
};

export type AlertsFrame = {
  readonly kind: 'alerts';
  readonly epoch: string;
  readonly sequence: number;
  readonly alerts: readonly Alert[];
  readonly gaps: readonly GapRecord[];
  readonly flows?: FlowChunk;
};

export type EvidenceFrame = {
  readonly kind: 'evidence';
  readonly profileKey: string;
  readonly revision: number;
  readonly document: Uint8Array;
};

/** Whether events come; `unknown` from an agent that does not say. */
export const sensorStates = [
  'unknown',
  'connecting',
  'streaming',
  'disconnected',
  'ended',
] as const;
export type SensorState = (typeof sensorStates)[number];

export type HeartbeatFrame = {
  readonly kind: 'heartbeat';
  readonly time: string;
  readonly eventsReceived: number;
  readonly eventsJudged: number;
  readonly eventsDropped: number;
  readonly outboxPending: number;
  readonly lagSeconds: number;
  readonly images: readonly ImageProgress[];
  readonly falcoVersion: string;
  readonly sensorState: SensorState;
  readonly sensorDetail: string;
};

export type GapRecord = {
  readonly from: string;
  readonly to: string;
  readonly cause: GapCause;
  /** -1 when nobody knows. */
  readonly eventsEstimate: number;
};

export type CommandResultFrame = {
  readonly kind: 'command-result';
  readonly id: string;
  readonly outcome: CommandOutcome;
  readonly detail: string;
  /** Gzipped JSON; empty where there is nothing. */
  readonly document: Uint8Array;
};

/** One image in one pod. Without Kubernetes the pod's uid is the container's id. */
export type ImageRun = {
  readonly image: Image;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly workload: string;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** Of the pod no container of this image runs any more. */
  readonly ended: boolean;
};

/** What an image is made of, by its container runtime. */
export type ImageLayers = {
  readonly image: Image;
  /** `sha256:…` of each unpacked layer, the lowest first. */
  readonly layers: readonly string[];
};

export type ImagesFrame = {
  readonly kind: 'images';
  readonly runs: readonly ImageRun[];
  readonly layers: readonly ImageLayers[];
};

export type AgentFrame =
  | HelloFrame
  | ImagesFrame
  | AlertsFrame
  | EvidenceFrame
  | HeartbeatFrame
  | CommandResultFrame;

export type WelcomeFrame = {
  readonly kind: 'welcome';
  readonly protocol: number;
  readonly collectorVersion: string;
  readonly committedSequence: number;
  readonly window: number;
};

export type AckFrame = { readonly kind: 'ack'; readonly epoch: string; readonly sequence: number };

export type ProfileFrame = {
  readonly kind: 'profile';
  readonly profileKey: string;
  readonly revision: number;
  readonly document: Uint8Array;
};

export type CommandFrame = {
  readonly kind: 'command';
  readonly id: string;
  readonly action: CommandAction;
  readonly containerId: string;
  readonly podUid: string;
  readonly pid: number;
  readonly deadline: string;
  /** When the process was seen: one that started later has only inherited the pid. */
  readonly observedAt: string;
  /** `watch`: how long from now; `collect-evidence`: how far to look back. */
  readonly seconds: number;
};

export type SlowDownFrame = {
  readonly kind: 'slow-down';
  readonly window: number;
  readonly reason: string;
};

/** The whole list of what people decided; the last one received holds. */
export type DecisionsFrame = {
  readonly kind: 'decisions';
  readonly revision: number;
  readonly document: Uint8Array;
};

export type CollectorFrame =
  | WelcomeFrame
  | AckFrame
  | ProfileFrame
  | CommandFrame
  | SlowDownFrame
  | DecisionsFrame;
