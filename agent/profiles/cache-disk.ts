import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../config/make-folder.ts';

/** What the cache needs of a disk; names are made by `entryName` and hold no separator. */
export type CacheDisk = {
  list(): Promise<readonly string[]>;
  /** Null when there is none, or when it is larger than that. */
  read(name: string, bytesMax: number): Promise<Buffer | null>;
  /** The old content or the new one, never a part of either, whatever kills the process. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
};

/** What pods do is nobody else's business on the node. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const HALF_WRITTEN = '.new';
/** Nothing else is ours: a folder that was named by mistake loses nothing. */
const OURS = /^[a-z]+-[0-9a-f]{64}(\.new)?$/;

export function cacheDisk(folder: string): CacheDisk {
  return {
    list: async () => {
      makeFolder(folder, FOLDER_MODE);
      const names = (await readdir(folder)).filter((name) => OURS.test(name));
      const halves = names.filter((name) => name.endsWith(HALF_WRITTEN));
      for (const name of halves) await rm(join(folder, name), { force: true });
      return names.filter((name) => !name.endsWith(HALF_WRITTEN)).toSorted();
    },
    read: async (name, bytesMax) => {
      await using file = await open(join(folder, name), 'r');
      const { size } = await file.stat();
      return size > bytesMax ? null : await file.readFile();
    },
    write: async (name, bytes) => {
      const path = join(folder, name);
      await writeFile(path + HALF_WRITTEN, bytes, { mode: FILE_MODE });
      await rename(path + HALF_WRITTEN, path);
    },
    remove: (name) => rm(join(folder, name), { force: true }),
  };
}
