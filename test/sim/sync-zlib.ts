import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';

/**
 * The thread pool ends its work in an order that no seed decides: in a simulation gzip answers at
 * once. To be imported before whatever uses it.
 */
type Callback = (error: Error | null, result?: Buffer) => void;
type Sync = (bytes: Uint8Array, options?: zlib.ZlibOptions) => Buffer;

const atOnce = (work: Sync) =>
  (bytes: Uint8Array, ...rest: readonly [zlib.ZlibOptions | Callback, Callback?]): void => {
    const callback = rest.at(-1) as Callback;
    const options = rest.length > 1 ? (rest[0] as zlib.ZlibOptions) : undefined;
    let result: Buffer;
    try {
      result = work(bytes, options);
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback(null, result);
  };

Object.assign(zlib, { gzip: atOnce(zlib.gzipSync), gunzip: atOnce(zlib.gunzipSync) });
syncBuiltinESMExports();
