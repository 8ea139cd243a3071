import type { Calibration } from '../profile/calibration.ts';
import type { ImageProfile, LearnedChannel } from '../profile/image-profile.ts';

/** With so many more windows it is worked out anew: a p-value then differs by as little. */
const AGAIN_SHARE = 0.01;

/**
 * The calibration of each channel, as the end of a window asks for it. Working one out derives the
 * names of a channel anew, from all of its evidence; with hundreds of pods on a node some window
 * ends every few hundred milliseconds.
 */
export class Calibrations {
  readonly #known = new WeakMap<ImageProfile, Map<LearnedChannel, Known>>();

  of(profile: ImageProfile, name: LearnedChannel): Calibration {
    const { counted } = profile.pods;
    let channels = this.#known.get(profile);
    if (channels === undefined) {
      channels = new Map();
      this.#known.set(profile, channels);
    }
    const known = channels.get(name);
    if (known !== undefined && Math.abs(counted - known.counted) <= counted * AGAIN_SHARE) {
      return known.is;
    }
    const is = profile.calibration(name);
    channels.set(name, { counted, is });
    return is;
  }
}

type Known = { readonly counted: number; readonly is: Calibration };
