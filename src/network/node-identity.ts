import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';

import { KacheryError } from '../core/failure.js';
import { readOrMakeSecret } from './secret-file.js';

/** Who this node is to others. */
export interface NodeIdentity {
  /** The raw public key, 64 lower-case hexadecimal digits. */
  readonly nodeId: string;
  /** The ed25519 key that the node proves itself with. It leaves this process nowhere. */
  readonly privateKey: KeyObject;
}

const rawKeyBytes = 32;

/**
 * The identity kept in `node-key.pem` of the configuration directory; made if there is none. Fails with `path-not-permitted` if the file cannot be read or made
 * or if others can read it, and with `content-corrupt` if it holds no ed25519 key.
 */
export async function openNodeIdentity(configDir: string): Promise<NodeIdentity> {
  const path = join(configDir, 'node-key.pem');
  const pem = await readOrMakeSecret({ path, mode: 0o600 }, makeKey);
  const privateKey = parseKey(pem, path);
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { nodeId: publicKey.subarray(-rawKeyBytes).toString('hex'), privateKey };
}

function makeKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function parseKey(pem: string, path: string): KeyObject {
  const key = privateKeyOf(pem);
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new KacheryError(
    'content-corrupt',
    `${path} does not hold an ed25519 private key. Put the node's key back from a copy; or move the file away, and the node gets a new key and a new id.`,
    { path },
  );
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
