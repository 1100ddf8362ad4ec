import { createPublicKey, verify } from 'node:crypto';

import { nodeProofBytes } from '../core/node-proof.js';

/** Tells whether `proof` is the answer of the node with this id to the challenge. The id is its public key. */
export function isProvenNode(nodeId: string, challenge: Uint8Array, proof: Uint8Array | undefined): boolean {
  if (proof === undefined || !/^[0-9a-f]{64}$/.test(nodeId)) return false;
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(nodeId, 'hex').toString('base64url') } });
  return verify(null, nodeProofBytes(nodeId, challenge), key, proof);
}
