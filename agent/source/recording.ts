/**
 * Lines of a recording: JSON-lines files, plain or gzip, one file, several, or a directory of
 * `events-NN.jsonl[.gz]`. Files are read as streams, so memory is bounded by one chunk and one
 * line whatever the files hold (a gzip bomb is a long read, not a large one).
 */
import type { Dirent } from 'node:fs';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LINE_BYTES_MAX } from './falco-fields.ts';
import { SourceError } from './source-error.ts';

const RECORDED = /^events-\d+\.jsonl(?:\.gz)?$/;
const GZIP_MAGIC = 0x1f8b;
const NEWLINE = 0x0a;

export type Lines = {
  readonly lines: readonly string[];
  /** Lines above `LINE_BYTES_MAX`, skipped to their end. */
  readonly tooLong: number;
};

const unreadable = (path: string, cause: unknown): SourceError =>
  new SourceError('unreadable-recording', `cannot read the recording ${path}`, { cause });

const filesOf = async (path: string): Promise<readonly string[]> => {
  let entries: Dirent[];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    throw unreadable(path, error);
  }
  const names = entries.filter((entry) => entry.isFile() && RECORDED.test(entry.name));
  if (names.length === 0) {
    throw new SourceError('unreadable-recording', `${path} holds no events-NN.jsonl[.gz]`);
  }
  return names
    .map(({ name }) => name)
    .sort()
    .map((name) => join(path, name));
};

/** In the order given; the files of a directory by their number. */
export const recordingFiles = async (paths: readonly string[]): Promise<readonly string[]> =>
  (await Promise.all(paths.map(filesOf))).flat();

const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16BE() === GZIP_MAGIC;
  } finally {
    await file.close();
  }
};

const bytesOf = async (path: string, signal: AbortSignal): Promise<Readable> => {
  // First: a stream that is opened and aborted before anybody reads it fails unheard.
  const isPacked = await isGzip(path);
  const file = createReadStream(path, { signal });
  if (!isPacked) return file;
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => file.destroy());
  return file.pipe(gunzip);
};

/** Cuts chunks into lines; what is above the bound is dropped as it comes, not kept first. */
class LineCutter {
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isSkipping = false;
  #tooLong = 0;

  cut(chunk: Buffer): Lines {
    const lines: string[] = [];
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, at));
      this.#end(lines);
      start = at + 1;
    }
    this.#keep(chunk.subarray(start));
    return this.#taken(lines);
  }

  /** A last line without its newline is a line. */
  end(): Lines {
    const lines: string[] = [];
    this.#end(lines);
    return this.#taken(lines);
  }

  #keep(bytes: Buffer): void {
    if (this.#isSkipping) return;
    this.#restBytes += bytes.length;
    if (this.#restBytes > LINE_BYTES_MAX) {
      this.#isSkipping = true;
      this.#rest = [];
    } else if (bytes.length > 0) {
      this.#rest.push(bytes);
    }
  }

  #end(lines: string[]): void {
    if (this.#isSkipping) this.#tooLong += 1;
    else if (this.#restBytes > 0) {
      const bytes = this.#rest.length === 1 ? this.#rest[0] : Buffer.concat(this.#rest);
      const line = bytes?.toString('utf8') ?? '';
      if (line.trim() !== '') lines.push(line);
    }
    this.#isSkipping = false;
    this.#rest = [];
    this.#restBytes = 0;
  }

  #taken(lines: readonly string[]): Lines {
    const tooLong = this.#tooLong;
    this.#tooLong = 0;
    return { lines, tooLong };
  }
}

async function* linesOf(path: string, signal: AbortSignal): AsyncGenerator<Lines> {
  const cutter = new LineCutter();
  try {
    const bytes = await bytesOf(path, signal);
    for await (const chunk of bytes) yield cutter.cut(chunk as Buffer);
  } catch (error) {
    throw unreadable(path, error);
  }
  yield cutter.end();
}

/**
 * All lines, chunk by chunk. Throws `SourceError` at a file that cannot be read or that ends in
 * the middle of its gzip; ends quietly when `signal` aborts.
 */
export async function* recordedLines(
  paths: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Lines> {
  try {
    for (const path of await recordingFiles(paths)) yield* linesOf(path, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
