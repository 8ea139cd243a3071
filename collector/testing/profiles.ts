import { gunzipSync, gzipSync } from 'node:zlib';

import { behavioursOf } from '../../baseline/behaviour/behaviour.ts';
import type { Image } from '../../baseline/observation.ts';
import { toDocument } from '../../baseline/profile/document.ts';
import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { ImageProfile } from '../../baseline/profile/image-profile.ts';
import { podHash } from '../../baseline/profile/pod-set.ts';
import { connect, exec, write } from '../../baseline/testing/observations.ts';

/** Profiles as agents learn them, for tests of who stores, sends and shows them. */
export const IMAGE: Image = { repository: 'docker.io/shop/web', tag: '1.0', digest: 'sha256:1' };
export const KEY = 'docker.io/shop/web@sha256:1';

export type Learned = {
  readonly image?: Image;
  readonly key?: string;
  readonly workload?: string;
  readonly pods?: readonly string[];
  /** Files of /var/log that it writes. */
  readonly files?: readonly string[];
  /** Command lines that it runs. */
  readonly commands?: readonly string[];
  readonly addresses?: readonly string[];
  readonly connections?: readonly (readonly [address: string, port: number])[];
  readonly ms?: number;
};

export function learned(over: Learned = {}): ProfileDocument {
  const {
    image = IMAGE,
    key = image === IMAGE ? KEY : `${image.repository}@${image.digest}`,
    workload = '',
    pods = ['pod-1'],
    files = [],
    commands = ['nginx -g daemon'],
    addresses = [],
    connections = [],
    ms = 1_000,
  } = over;
  const profile = new ImageProfile(key, image, workload);
  const seen = [
    ...commands.map((commandLine) => exec({ commandLine })),
    ...addresses.map((address) => connect(address, 443)),
    ...connections.map(([address, port]) => connect(address, port)),
    ...files.map((name) => write(`/var/log/${name}`)),
  ];
  for (const pod of pods.map(podHash)) {
    for (const observation of seen) {
      profile.see(pod, ms, 'shop/web');
      for (const behaviour of behavioursOf(observation, () => null)) {
        profile.learn(behaviour, pod, ms);
      }
    }
    profile.addWindows(pod, { fromMs: ms, toMs: ms + 60_000 }, 1);
  }
  return toDocument(profile);
}

export const zipped = (json: unknown): Uint8Array => gzipSync(JSON.stringify(json));

export const unzipped = (bytes: Uint8Array): unknown =>
  JSON.parse(gunzipSync(bytes).toString()) as unknown;
