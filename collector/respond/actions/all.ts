import type { Action } from '../action.ts';
import type { ResponseAction } from '../response.ts';
import { cordon, uncordon } from './cordon.ts';
import { freeze } from './freeze.ts';
import { isolate } from './isolate.ts';
import { killProcess } from './kill-process.ts';
import { kill } from './kill.ts';
import { label } from './label.ts';
import { release } from './release.ts';
import { scaleBack, scaleToZero } from './scale.ts';
import { thaw } from './thaw.ts';

/** An action without an entry does not compile. */
export const actions: Readonly<Record<ResponseAction, Action>> = {
  kill,
  isolate,
  freeze,
  'kill-process': killProcess,
  label,
  cordon,
  'scale-to-zero': scaleToZero,
  release,
  thaw,
  uncordon,
  'scale-back': scaleBack,
};
