import type { ChannelCredentials } from '@grpc/grpc-js';
import type {
  CommandFrame,
  DecisionsFrame,
  HeartbeatFrame,
  HelloFrame,
  ImagesFrame,
  ProfileFrame,
} from '../../proto/lanner/v1/frames.ts';
import type { OutboxFailure } from '../outbox/failure.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../source/clock.ts';
import type { CommandResult } from './command-desk.ts';
import type { dial } from './dial.ts';
import type { EvidenceBox } from './evidence-box.ts';
import type { EndReason } from './machine.ts';

export type LinkOptions = {
  readonly address: string;
  readonly credentials: () => ChannelCredentials;
  readonly outbox: Outbox;
  readonly evidence: EvidenceBox;
  /** Reports that are not acknowledged, and so told again on a new link. */
  readonly images?: ImageReports;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hello: () => Omit<HelloFrame, 'kind' | 'protocol' | 'epoch'>;
  readonly heartbeat: () => Omit<HeartbeatFrame, 'kind'>;
  readonly onProfile: (frame: ProfileFrame) => void;
  readonly onDecisions: (frame: DecisionsFrame) => void;
  readonly onCommand: (frame: CommandFrame) => Promise<CommandResult>;
  readonly onState: (state: LinkTold) => void;
  readonly onOutboxFailure: (failure: OutboxFailure) => void;
  readonly heartbeatMs?: number;
  /** Another way to the collector, for simulations. */
  readonly dial?: typeof dial;
};

export type ImageReports = {
  /** Null when there is nothing to tell now. */
  next(): ImagesFrame | null;
  sendAllAgain(): void;
};

export type LinkTold =
  | { readonly state: 'linked' }
  | { readonly state: 'unlinked'; readonly reason: EndReason; readonly detail: string };

export type LinkCounts = {
  readonly isLinked: boolean;
  readonly inFlight: number;
  readonly attempts: number;
  readonly batchesSent: number;
  readonly batchesUnsendable: number;
  readonly framesMalformed: number;
  readonly framesUnknown: number;
  readonly heartbeatsSkipped: number;
  readonly outboxFailures: number;
  readonly commandsRefused: number;
  readonly ended: Readonly<Partial<Record<EndReason, number>>>;
};
