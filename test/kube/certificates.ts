import 'reflect-metadata';

import { webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

/** A CA that lives as long as one run of the tests, and the API server's certificate from it. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const LIFETIME_MS = 86_400_000;

export type Certificates = {
  readonly caCert: string;
  readonly serverCert: string;
  readonly serverKey: string;
  /** Signs service account tokens; the public half verifies them. */
  readonly tokenKey: string;
  readonly tokenPublicKey: string;
};

export async function makeCertificates(): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto as Crypto);
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(Date.now() + LIFETIME_MS);
  const [caKeys, serverKeys, tokenKeys] = await Promise.all([makeKeys(), makeKeys(), makeKeys()]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=test-kube-ca',
    notBefore,
    notAfter,
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const server = await x509.X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=kube-apiserver',
    issuer: ca.subject,
    notBefore,
    notAfter,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  return {
    caCert: ca.toString('pem'),
    serverCert: server.toString('pem'),
    serverKey: await privatePem(serverKeys),
    tokenKey: await privatePem(tokenKeys),
    tokenPublicKey: x509.PemConverter.encode(
      await webcrypto.subtle.exportKey('spki', tokenKeys.publicKey),
      'PUBLIC KEY',
    ),
  };
}

const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const privatePem = async ({ privateKey }: Awaited<ReturnType<typeof makeKeys>>): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
