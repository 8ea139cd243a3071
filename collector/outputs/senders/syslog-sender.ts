import { createSocket } from 'node:dgram';
import type { Socket as DatagramSocket } from 'node:dgram';
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { parseAddress } from '../../../config/address.ts';
import type { Clock } from '../../clock.ts';
import type { Notice } from '../notice.ts';
import type { Delivery, Sender } from '../sender.ts';
import { failureOfError } from './failures.ts';
import { tlsOptions } from './tls-files.ts';
import type { TlsFiles } from './tls-files.ts';

/**
 * Syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). Syslog has no acknowledgement: a
 * message that the kernel took can be lost with its connection. So what was written in the last
 * `RESEND_MS` of a connection that broke goes out again on the next one; a receiver knows doubles
 * by the uuid. UDP loses what the network loses.
 */
const NOTICES_MAX = 200;
const RESEND_MS = 10_000;
const RESEND_MAX = 1_000;
const KEEPALIVE_MS = 30_000;

export type SyslogSenderOptions = {
  readonly address: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly framing: 'octet-counting' | 'newline';
  readonly tls: TlsFiles;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly message: (notice: Notice) => string;
};

export function syslogSender(options: SyslogSenderOptions): Sender {
  const wire = options.transport === 'udp' ? new DatagramWire(options) : new StreamWire(options);
  return {
    noticesMax: NOTICES_MAX,
    send: async (notices, signal) => {
      const outcomes: Delivery[] = [];
      for (const notice of notices) {
        try {
          if (signal.aborted) throw new Error('stopped');
          await wire.write(Buffer.from(options.message(notice)));
          outcomes.push(undefined);
        } catch (error) {
          const failure = failureOfError(error);
          return notices.map((_, index) => (index < outcomes.length ? undefined : failure));
        }
      }
      return outcomes;
    },
    close: () => wire.close(),
  };
}

type Wire = { write(message: Buffer): Promise<void>; close(): Promise<void> };

class DatagramWire implements Wire {
  readonly #options: SyslogSenderOptions;
  #socket: DatagramSocket | undefined;
  #trouble: Error | undefined;

  constructor(options: SyslogSenderOptions) {
    this.#options = options;
  }

  async write(message: Buffer): Promise<void> {
    const socket = this.#socket ?? await this.#open();
    const trouble = this.#trouble;
    this.#trouble = undefined;
    // The answer of the network to an earlier one: that one is lost, this one is not.
    if (trouble !== undefined) throw trouble;
    await new Promise<void>((resolve, reject) => {
      socket.send(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** Connected, so that the kernel tells when nobody listens there. */
  async #open(): Promise<DatagramSocket> {
    const { host, port } = addressOf(this.#options);
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', (error) => {
      this.#trouble = error;
    });
    socket.unref();
    this.#socket = socket;
    return socket;
  }
}

class StreamWire implements Wire {
  readonly #options: SyslogSenderOptions;
  #socket: Socket | undefined;
  /** Written lately, oldest first; in front of the next connection when this one breaks. */
  #recent: { readonly frame: Buffer; readonly atMs: number }[] = [];
  #again: readonly Buffer[] = [];

  constructor(options: SyslogSenderOptions) {
    this.#options = options;
  }

  async write(message: Buffer): Promise<void> {
    const { clock } = this.#options;
    const socket = this.#socket?.writable === true ? this.#socket : await this.#open();
    const frame = this.#frame(message);
    for (; this.#again.length > 0; this.#again = this.#again.slice(1)) {
      const [first] = this.#again;
      if (first !== undefined) await this.#put(socket, first);
    }
    await this.#put(socket, frame);
    const sinceMs = clock.now() - RESEND_MS;
    this.#recent.push({ frame, atMs: clock.now() });
    const stale = this.#recent.findIndex(({ atMs }) => atMs >= sinceMs);
    this.#recent.splice(0, Math.max(stale, this.#recent.length - RESEND_MAX));
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(1_000, () => socket.destroy());
      socket.once('close', () => {
        cancel();
        resolve();
      });
      socket.end();
      // Some receivers keep their half open.
      socket.resume();
    });
  }

  #frame(message: Buffer): Buffer {
    const { transport, framing } = this.#options;
    return transport === 'tls' || framing === 'octet-counting'
      ? Buffer.concat([Buffer.from(`${message.length} `), message])
      : Buffer.concat([message, Buffer.from('\n')]);
  }

  #put(socket: Socket, frame: Buffer): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(timeoutMs, () =>
        socket.destroy(timeout(`the receiver takes nothing since ${timeoutMs} ms`)));
      socket.write(frame, (error) => {
        cancel();
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async #open(): Promise<Socket> {
    const { transport, tls, timeoutMs, clock } = this.#options;
    const { host, port } = addressOf(this.#options);
    const socket = transport === 'tls'
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}),
        ...tlsOptions(tls) })
      : connectTcp({ host, port });
    await new Promise<void>((resolve, reject) => {
      const cancel = clock.after(timeoutMs, () =>
        socket.destroy(timeout(`no connection within ${timeoutMs} ms`)));
      socket.once('error', reject);
      socket.once('close', () => {
        cancel();
        reject(new Error('the connection was closed'));
      });
      socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
        cancel();
        resolve();
      });
    });
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.setNoDelay(true);
    // What a receiver says is of no meaning; unread it would hide the end of the connection.
    socket.resume();
    // Each write has its own answer; this one keeps an error between two writes from crashing us.
    socket.on('error', () => undefined);
    socket.once('end', () => socket.destroy());
    socket.once('close', () => this.#broken(socket));
    this.#socket = socket;
    return socket;
  }

  #broken(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const sinceMs = this.#options.clock.now() - RESEND_MS;
    const lost = this.#recent.filter(({ atMs }) => atMs >= sinceMs).map(({ frame }) => frame);
    this.#again = [...this.#again, ...lost].slice(-RESEND_MAX);
    this.#recent = [];
  }
}

const timeout = (message: string): Error => Object.assign(new Error(message), { code: 'ETIMEDOUT' });

function addressOf({ address }: SyslogSenderOptions): { host: string; port: number } {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  return parsed;
}
