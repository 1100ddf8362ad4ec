import { setMaxListeners } from 'node:events';

import { throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { type NodeId } from '../core/node-id.js';
import { type Peers, type RemoteFile } from '../network/peer.js';
import { Bell } from './bell.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { fetchFailure } from './fetch-failure.js';
import { type FetchOptions } from './fetch-request.js';
import { SourceBook } from './source-book.js';

/** A file that another node claims to have, and which node. */
export interface FoundFile {
  readonly nodeId: NodeId;
  /** Name of the node, for people; may be empty. */
  readonly label: string;
  readonly file: RemoteFile;
}

/**
 * Who has a file, one after another as they answer: those that are connected, and those that can be. Ends without any if all answered and nobody has it. Fails
 * as Peers.connected, and with `node-unreachable` if nobody has it and not everybody could be asked.
 */
export async function* findFile(
  id: ContentId,
  { sources = {}, signal }: FetchOptions,
  parts: { readonly peers: Peers; readonly distrusted: DistrustedPeers; readonly answerMs: number },
): AsyncGenerator<FoundFile, void, undefined> {
  const changes = new Bell();
  const stop = new AbortController();
  const stopping = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]);
  // All who are asked hear of it.
  setMaxListeners(0, stopping);
  const ring = (): void => {
    changes.ring();
  };
  const book = new SourceBook({ ...parts, onChange: ring }, id, undefined);
  book.addSelection(sources);
  const stopWatching = parts.peers.watch(() => {
    book.askConnected(stopping);
    ring();
  });
  const connecting = { isUnderWay: true };
  try {
    book.askConnected(stopping);
    void reachAll(book, changes, stopping).finally(() => {
      connecting.isUnderWay = false;
      ring();
    });
    for (let told = 0; ;) {
      for (const { nodeId, peer, file } of book.sources.slice(told)) {
        told += 1;
        yield { nodeId, label: peer.label, file };
      }
      throwIfCancelled(signal);
      if (told < book.sources.length) continue;
      if (!connecting.isUnderWay && !book.isAsking) break;
      await changes.wait({ signal: stopping });
    }
    const failure = fetchFailure({ uri: `sha1://${id}`, sources: book.sources, answers: book.otherAnswers, missing: book.missing() });
    if (book.sources.length === 0 && failure.reason === 'node-unreachable') throw failure;
  } finally {
    stopWatching();
    stop.abort();
  }
}

/** Takes step after step to reach nodes that may have it, until one has it or there are no more. */
async function reachAll(book: SourceBook, changes: Bell, signal: AbortSignal): Promise<void> {
  for (;;) {
    const mayBeMore = await book.connectMissing(signal);
    if (signal.aborted) return;
    book.askConnected(signal);
    while (mayBeMore && book.isAsking) await changes.wait({ signal });
    if (!mayBeMore || book.sources.length > 0) return;
  }
}
