import { type CallOptions } from './call-options.js';

/** What a mirror is doing: it waits for its turn or looks what is missing; brings it here; waits to try again; or all that is known of it is here. */
export type MirrorState = 'queued' | 'fetching' | 'waiting' | 'complete';

/** Something of other nodes that the node keeps. What does not apply to its kind is 0. */
export interface Mirror {
  /** Without labels. */
  readonly uri: string;
  readonly state: MirrorState;
  /** Bytes of its files that are here, and that they have as far as that is known. */
  readonly loadedBytes: number;
  readonly sizeBytes: number;
  readonly loadedFiles: number;
  readonly files: number;
  /** Messages of its subfeeds that are here, and that they have as far as connected nodes prove. */
  readonly loadedMessages: number;
  readonly messages: number;
  readonly subfeeds: number;
  /** What went wrong the last time, for people; empty if nothing, or if it was made good. */
  readonly problem: string;
  /** When it is tried again; undefined if nothing waits. */
  readonly retryAt: Date | undefined;
  /** When all of it was last seen to be here; undefined if it was not since the daemon started. */
  readonly completedAt: Date | undefined;
  readonly addedAt: Date;
}

/** What the node keeps of other nodes, so that it can be had when they are away. Offline each method fails with `offline`. */
export interface Mirrors {
  /**
   * Keeps a file (`sha1://`), all files of a directory (`sha1dir://`), a feed with all its subfeeds, or one subfeed. Resolves when that is remembered; `list` tells
   * how far it is. What is mirrored already is tried again at once. Owner only. Fails with `invalid-uri`, `invalid-argument` and `too-busy`.
   */
  add(uri: string, options?: CallOptions): Promise<Mirror>;
  /** Ends a mirror; what is here stays. Owner only. Fails with `mirror-not-found`. */
  remove(uri: string, options?: CallOptions): Promise<void>;
  /** The mirrors, ordered by URI. */
  list(options?: CallOptions): Promise<Mirror[]>;
}
