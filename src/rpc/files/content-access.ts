import { type ContentId } from '../../core/content-id.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type PeerSelection } from '../../network/peer.js';
import { type FileStore, type ReadOptions } from '../../storage/file-store.js';
import { type FetchTarget } from '../../transfer/fetch-request.js';
import { type FileFetcher } from '../../transfer/file-fetcher.js';

/** What requests get content from. */
export interface ContentSources {
  readonly store: FileStore;
  /** Absent for a daemon without a network. */
  readonly fetcher?: FileFetcher | undefined;
}

/** A content, and how messages name it. */
export type NamedContent = FetchTarget & { readonly uri: string };

/** Other nodes, for one request. */
export interface RemoteAccess {
  readonly fetcher: FileFetcher;
  readonly sources: PeerSelection;
}

/** The content that one request may have: what is here, and what other nodes have if it lets them be asked. */
export class ContentAccess {
  readonly store: FileStore;
  /** Undefined if nobody else is to be asked. */
  readonly remote: RemoteAccess | undefined;

  /** @param selection Which nodes may be asked; undefined for none. */
  constructor({ store, fetcher }: ContentSources, selection: PeerSelection | undefined) {
    this.store = store;
    this.remote = fetcher && selection && { fetcher, sources: selection };
  }

  /**
   * The bytes of a range, as FileStore.read: from here, or from other nodes if it is not here or is damaged. Fails as they do; with `file-not-found` for `uri` if
   * it is nowhere.
   */
  async *read(content: NamedContent, options: ReadOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    let isBegun = false;
    try {
      for await (const piece of this.store.read(content.id, options)) {
        isBegun = true;
        yield piece;
      }
      return;
    } catch (error) {
      const failure = localFailure(error, content.uri);
      if (isBegun || !this.remote || !isWorthAsking(failure)) throw failure;
      yield* this.fetch(this.remote, content, { options, failure });
    }
  }

  /** All of a content of at most `maxBytes`. Fails with `too-large`, otherwise as `read`. */
  async readWhole(content: NamedContent, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    try {
      return await this.store.readWhole(content.id, maxBytes);
    } catch (error) {
      const failure = localFailure(error, content.uri);
      if (!this.remote || !isWorthAsking(failure)) throw failure;
      return collect(this.fetch(this.remote, content, { options: { signal }, failure }), content.uri, maxBytes);
    }
  }

  /** Whether a content is here. Fails with `content-corrupt` if it is a link whose file has changed, and nobody else is to be asked. */
  async isHere(id: ContentId): Promise<boolean> {
    try {
      return (await this.store.find(id)) !== undefined;
    } catch (error) {
      if (this.remote && isKacheryError(error, 'content-corrupt')) return false;
      throw error;
    }
  }

  /** `failure`: why it is not read here. */
  private async *fetch(
    { fetcher, sources }: RemoteAccess,
    content: NamedContent,
    { options: { start = 0, end, ...reading }, failure }: { readonly options: ReadOptions; readonly failure: unknown },
  ): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* fetcher.read(content, { start, end }, { ...reading, sources });
    } catch (error) {
      // That nobody else has it does not say that what is here is damaged.
      throw isKacheryError(failure, 'content-corrupt') && isKacheryError(error, 'file-not-found') ? failure : error;
    }
  }
}

function localFailure(error: unknown, uri: string): unknown {
  return isKacheryError(error, 'file-not-found') ? fileNotFound(uri) : error;
}

/** Whether others may have what is not here, or not as it should be. */
function isWorthAsking(failure: unknown): boolean {
  return isKacheryError(failure, 'file-not-found') || isKacheryError(failure, 'content-corrupt');
}

async function collect(pieces: AsyncIterable<Buffer>, uri: string, maxBytes: number): Promise<Buffer> {
  const all: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of pieces) {
    sizeBytes += piece.byteLength;
    all.push(piece);
    if (sizeBytes <= maxBytes) continue;
    throw new KacheryError('too-large', `${uri} has more than ${String(maxBytes)} bytes and cannot be read at once. Read it as a stream.`, {
      limit: String(maxBytes),
      actual: String(sizeBytes),
    });
  }
  return all.length === 1 && all[0] ? all[0] : Buffer.concat(all);
}
