import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';

import type * as X509 from '@peculiar/x509';

/**
 * An authority for agents and collectors, and certificates from it. ECDSA P-256 throughout. The
 * authority may sign certificates and nothing below it may; an agent's certificate is good for
 * clients alone, so that a stolen one cannot play collector.
 */
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
/** Clocks of nodes differ; what was made a moment ago is valid there too. */
export const BACKDATED_MS = 5 * 60_000;
/** RFC 5280 allows 20. */
const SERIAL_BYTES = 16;
/** RFC 5280's upper bound; the name that counts is the alternative one. */
const COMMON_NAME_MAX = 64;
const DAY_MS = 86_400_000;

export type AltName = { readonly type: 'url' | 'dns' | 'ip'; readonly value: string };

export type Issued = {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly serial: string;
  readonly notAfterMs: number;
};

export type Subject = {
  readonly commonName: string;
  readonly altNames: readonly AltName[];
  readonly usage: 'client' | 'server';
  readonly days: number;
};

export type Authority = {
  /** The SPIFFE ID of the trust domain that it vouches for. */
  readonly uris: readonly string[];
  readonly notAfterMs: number;
  /** Never valid for longer than the authority itself. */
  issue(subject: Subject): Promise<Issued>;
};

/** Late: only the two commands that make certificates pay for it. */
async function loadX509(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

export async function makeAuthority(
  { trustDomain, days, nowMs }: {
    readonly trustDomain: string;
    readonly days: number;
    readonly nowMs: number;
  },
): Promise<Issued> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const notAfterMs = nowMs + days * DAY_MS;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOf(`Lanner ${trustDomain}`),
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return issued(certificate, await exportKey(keys.privateKey));
}

/** Throws when the texts are no certificate and key, or not of one pair. */
export async function readAuthority(
  { certificate, key, nowMs }: {
    readonly certificate: string;
    readonly key: string;
    readonly nowMs: number;
  },
): Promise<Authority> {
  const x509 = await loadX509();
  // The files of two authorities beside each other would make certificates that nobody accepts.
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the authority’s key does not belong to its certificate');
  }
  const authority = new x509.X509Certificate(certificate);
  const signingKey = await importKey(key);
  const notAfterMs = authority.notAfter.getTime();
  const names = authority.getExtension(x509.SubjectAlternativeNameExtension);
  return {
    uris: (names?.names.items ?? []).filter(({ type }) => type === 'url').map(({ value }) => value),
    notAfterMs,
    issue: async (subject) => {
      const made = await issue(x509, { authority, signingKey, subject, nowMs });
      return issued(made.certificate, made.key);
    },
  };
}

async function issue(
  x509: typeof X509,
  { authority, signingKey, subject, nowMs }: {
    readonly authority: X509.X509Certificate;
    readonly signingKey: webcrypto.CryptoKey;
    readonly subject: Subject;
    readonly nowMs: number;
  },
): Promise<{ readonly certificate: X509.X509Certificate; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const notAfterMs = Math.min(nowMs + subject.days * DAY_MS, authority.notAfter.getTime());
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: nameOf(subject.commonName),
    issuer: authority.subjectName,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([subject.usage === 'client' ? clientAuth : serverAuth]),
      new x509.SubjectAlternativeNameExtension([...subject.altNames]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  return { certificate, key: await exportKey(keys.privateKey) };
}

const issued = (certificate: X509.X509Certificate, key: string): Issued => ({
  certificate: `${certificate.toString('pem')}\n`,
  key,
  serial: certificate.serialNumber,
  notAfterMs: certificate.notAfter.getTime(),
});

const nameOf = (commonName: string): X509.JsonName =>
  [{ O: ['Lanner'] }, { CN: [commonName.slice(0, COMMON_NAME_MAX)] }];

/** Positive, and without a leading zero: then its DER form is its bytes. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const body = /-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----/.exec(pem);
  if (body?.[1] === undefined) throw new Error('the authority’s key is no PKCS #8 PEM file');
  const bytes = Buffer.from(body[1], 'base64');
  return webcrypto.subtle.importKey('pkcs8', bytes, CURVE, false, ['sign']);
}
