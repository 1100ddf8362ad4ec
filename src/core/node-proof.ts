/** Begins what is signed, so that the signature cannot be taken for one of anything else. */
const tag = 'kachery-p2p/node-proof/1';

/**
 * What a node signs with its key to prove who it is: the tag, the 32 bytes of its id, and the challenge. The first two have fixed lengths, so that no two
 * challenges give the same bytes.
 */
export function nodeProofBytes(nodeId: string, challenge: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(tag, 'ascii'), Buffer.from(nodeId, 'hex'), challenge]);
}
