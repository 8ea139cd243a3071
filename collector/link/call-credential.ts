import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { PeerCertificate } from 'node:tls';

import type { Credential } from './identity.ts';

/** What the other end of a stream can show, read when somebody asks. */
export class CallCredential implements Credential {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  #certificate: PeerCertificate | undefined;

  constructor(call: ServerDuplexStream<Buffer, Buffer>) {
    this.#call = call;
  }

  /** Only one that the handshake verified: gRPC gives no other. */
  get certificate(): PeerCertificate | undefined {
    this.#certificate ??= this.#call.getAuthContext()?.sslPeerCertificate;
    return this.#certificate;
  }

  get authorization(): string | undefined {
    const values = this.#call.metadata.get('authorization');
    const [first] = values;
    // Two would be one for whoever checks and another for whoever acts.
    return values.length === 1 && typeof first === 'string' ? first : undefined;
  }

  /** Of one certificate, over whatever connections; else of one connection. */
  get peerKey(): string {
    return this.certificate?.fingerprint256 ?? this.#call.getPeer();
  }
}
