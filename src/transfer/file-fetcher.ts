import { type Clock } from '../core/clock.js';
import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type NodeId } from '../core/node-id.js';
import { type Peers, type RemoteFile } from '../network/peer.js';
import { type LocalStorage } from '../storage/local-storage.js';
import { type FetchOptions, type FetchRange, type FetchReadOptions, type FetchTarget } from './fetch-request.js';
import { type LoadEvent } from './load-event.js';

/** A file that another node claims to have, and which node. */
export interface FoundFile {
  readonly nodeId: NodeId;
  /** Name of the node, for people; may be empty. */
  readonly label: string;
  readonly file: RemoteFile;
}

/** Hears of each download, whoever asked for it. */
export interface FetchLog {
  /** A download begins. It hears of verified bytes, and exactly once how it ended. */
  begin(uri: string, sizeBytes: number): { add(bytes: number): void; end(state: 'done' | 'failed'): void };
}

/** What a fetcher works with. */
export interface FileFetcherParts {
  readonly store: LocalStorage;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly log?: FetchLog;
}

/**
 * Brings files of other nodes here; one for each daemon. Everything that leaves it is verified. Its failures name who was asked and what each said:
 * `file-not-found` if all answered and nobody has the file; `node-unreachable` if nobody who answered has it, or those that had it are lost, and others cannot be
 * reached; `sources-failed` if what came from every source was wrong; `channel-not-joined` and `not-authorized` for a selection that cannot be; `cancelled`; and
 * those of the store, such as `disk-full`. `close` it.
 */
export class FileFetcher {
  constructor(private readonly parts: FileFetcherParts) {}

  /**
   * Brings a whole file here. Everybody who asks for the same content shares one download, which goes on as long as one of them is there; what was verified is
   * kept in any case.
   */
  load(_target: FetchTarget, _options?: FetchOptions): AsyncGenerator<LoadEvent, void, undefined> {
    throw this.unfinished();
  }

  /** The bytes of a range, of which only the chunks that it touches are fetched, and kept. Also fails with `invalid-range` and `range-beyond-end`. */
  read(_target: FetchTarget, _range: FetchRange, _options?: FetchReadOptions): AsyncGenerator<Buffer, void, undefined> {
    throw this.unfinished();
  }

  /** Who has a file, one after another as they answer. Ends with `node-unreachable` if nobody has it and not everybody could be asked. */
  find(_id: ContentId, _options?: FetchOptions): AsyncGenerator<FoundFile, void, undefined> {
    throw this.unfinished();
  }

  /** The contents of files of at most limits.maxSmallFileBytes, or why one cannot be had, in the order of `ids`; they are stored, too. */
  readMany(_ids: readonly ContentId[], _options?: FetchOptions): AsyncGenerator<Buffer | KacheryError, void, undefined> {
    throw this.unfinished();
  }

  /** Ends all downloads; what they have verified is kept. May be called again. */
  async close(): Promise<void> {
    return Promise.resolve();
  }

  private unfinished(): KacheryError {
    return new KacheryError('not-supported', `Nothing can be fetched into ${this.parts.store.dir} yet.`);
  }
}
