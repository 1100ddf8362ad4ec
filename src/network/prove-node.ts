import { sign } from 'node:crypto';

import { nodeProofBytes } from '../core/node-proof.js';
import { type NodeIdentity } from './node-identity.js';

/** The node's answer to a challenge: a signature by its key, which only the node can make. */
export function proveNode({ nodeId, privateKey }: NodeIdentity, challenge: Uint8Array): Buffer {
  return sign(null, nodeProofBytes(nodeId, challenge), privateKey);
}
