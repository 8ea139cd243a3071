import { gunzipSync } from 'node:zlib';
import type { CommandFrame } from '../../../proto/lanner/v1/frames.ts';
import type { CommandResult } from '../../link/command-desk.ts';
import { POD_UID } from './fake-node.ts';

/** A freeze of the whole pod that may take a minute to arrive, if nothing else is said. */
export const commandWith = (
  told: Partial<CommandFrame> = {},
  nowMs: number = Date.now(),
): CommandFrame => ({
  kind: 'command',
  id: 'c1',
  action: 'freeze',
  containerId: '',
  podUid: POD_UID,
  pid: 0,
  deadline: new Date(nowMs + 60_000).toISOString(),
  observedAt: new Date(nowMs).toISOString(),
  seconds: 0,
  ...told,
});

export const documentOf = <T>({ document }: CommandResult): T =>
  JSON.parse(gunzipSync(document).toString()) as T;
