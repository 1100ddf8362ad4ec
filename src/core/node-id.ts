import { quoted } from './content-id.js';
import { KacheryError } from './failure.js';

/** Id of a node: its ed25519 public key, 64 lower-case hexadecimal digits. Only {@link parseNodeId} makes one from text. */
export type NodeId = string & { readonly __brand: 'NodeId' };

const pattern = /^[0-9a-f]{64}$/;

/** The node id that `text` spells. Fails with `invalid-argument`. */
export function parseNodeId(text: string): NodeId {
  if (pattern.test(text)) return text as NodeId;
  throw new KacheryError('invalid-argument', `${quoted(text)} is not the id of a node: 64 digits 0-9 and a-f, in lower case, are needed.`, {
    field: 'node_id',
  });
}
