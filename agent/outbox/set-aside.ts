import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../config/make-folder.ts';

/** Broken files are kept for whoever wants to look, but not without end. */
export const SET_ASIDE_MAX = 3;
const COMPANIONS = ['', '-wal', '-shm', '-journal'] as const;

/** Alerts name pods, users and command lines: nobody else on the node needs to read them. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export function prepareFile(path: string): void {
  makeFolder(dirname(path), FOLDER_MODE);
  closeSync(openSync(path, 'a', FILE_MODE));
}

/** Renames the file and what SQLite keeps beside it; the newest has the lowest number. */
export function setAside(path: string): void {
  for (let number = SET_ASIDE_MAX; number >= 1; number -= 1) {
    for (const companion of COMPANIONS) {
      const from = number === 1 ? path + companion : numbered(path, number - 1) + companion;
      const to = numbered(path, number) + companion;
      rmSync(to, { force: true });
      if (existsSync(from)) renameSync(from, to);
    }
  }
}

const numbered = (path: string, number: number): string => `${path}.corrupt-${number}`;
