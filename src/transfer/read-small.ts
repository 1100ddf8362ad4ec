import { createHash } from 'node:crypto';

import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type Peer } from '../network/peer.js';
import { answerInTime } from './answer-in-time.js';
import { readFromPeer, type ReadFromPeerOptions } from './read-from-peer.js';

/**
 * The whole content of a small file of another node, verified. `silentMs`: how long all of it may take to come for each MiB. Fails with `hash-mismatch` if it
 * is something else, and as Peer.readFile.
 */
export async function readSmall(
  peer: Peer,
  { id, sizeBytes }: { readonly id: ContentId; readonly sizeBytes: number },
  { signal, silentMs }: { readonly signal: AbortSignal; readonly silentMs: number },
): Promise<Buffer> {
  const timeoutMs = silentMs * Math.max(1, Math.ceil(sizeBytes / (1024 * 1024)));
  const content =
    sizeBytes === 0 ? Buffer.alloc(0) : await answerInTime((asking, onHeld) => readAll(peer, id, sizeBytes, { signal: asking, onHeld }), { timeoutMs, signal });
  if (createHash('sha1').update(content).digest('hex') === id) return content;
  throw new KacheryError('hash-mismatch', 'it sent wrong bytes');
}

async function readAll(peer: Peer, id: ContentId, sizeBytes: number, options: ReadFromPeerOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readFromPeer(peer, id, { start: 0, end: sizeBytes }, options)) pieces.push(piece);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}
