import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * The key that signs the audit's anchors: a file that only its owner reads, made at the first
 * start, with the public half beside it (`.pub`) for whoever checks. Keep a copy of that one.
 */
export function readOrMakeAnchorKey(file: string): { readonly pem: string; readonly isNew: boolean } {
  try {
    const pem = readFileSync(file, 'utf8');
    if (createPublicKey(pem).asymmetricKeyType !== 'ed25519') {
      throw new Error(`the key in ${file} is not an Ed25519 key`);
    }
    return { pem, isNew: false };
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  // `wx`: of two collectors that start at once, one makes the key and the other fails loudly.
  writeFileSync(file, privateKey, { mode: 0o600, flag: 'wx' });
  writeFileSync(`${file}.pub`, publicKey, { mode: 0o644 });
  return { pem: privateKey, isNew: true };
}
