import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { type ReadOptions, type StoredFile } from '../file-store.js';
import { type ChunkLayout } from './chunk-layout.js';

/** What is known of a chunk: nothing, that an earlier run of the program verified it, or that this one did. Only of the last kind bytes are given out. */
export type ChunkState = 'missing' | 'kept' | 'verified';

/** How the attempt to make a whole file of a partial one ended. */
export type FinishOutcome =
  | { readonly kind: 'stored'; readonly file: StoredFile }
  /** Chunks that an earlier run verified are no longer what they were; they are missing now. */
  | { readonly kind: 'damaged' }
  /** Every chunk is what the layout says, and the whole is another content: the layout is wrong. */
  | { readonly kind: 'other-content' };

/** A content of which a part is here. It belongs to one user at a time, who must `close` or `discard` it. All of it can fail with failures of the disk. */
export interface PartialFile {
  readonly id: ContentId;
  readonly layout: ChunkLayout;
  /** Ranges that an earlier run wrote and did not verify, each in one chunk. They are as good as written by this one. */
  readonly filled: readonly ByteRange[];
  /** Bytes of the chunks that are not missing. */
  readonly loadedBytes: number;

  stateOf(chunk: number): ChunkState;

  /** Fails with `disk-full` if so many bytes cannot be written. */
  checkRoom(sizeBytes: number): Promise<void>;

  /**
   * Writes bytes at their place, which must be in chunks that are missing. They must not change any more; with `isLastUse` nobody else uses their buffer, whose
   * memory is given back as soon as they are written. Resolves when there is room for more; a failure to write is told by the next call.
   */
  write(position: number, bytes: Uint8Array, options?: { readonly isLastUse?: boolean }): Promise<void>;

  /** Remembers, also for a later run, that the range of a chunk was written; it need not be on disk yet. */
  noteFilled(range: ByteRange): void;

  /** The bytes of a missing chunk are going to be written again, maybe others: nothing that was written of it counts any more. */
  restart(chunk: number): void;

  /**
   * Hashes a chunk that was written completely, or that is kept. True if it is what the layout says; it is verified then. Otherwise it is missing: its bytes stay
   * for {@link digestsOf} until others are written.
   */
  verify(chunk: number): Promise<boolean>;

  /** SHA-1 of each of the ranges as they were written. */
  digestsOf(ranges: readonly ByteRange[]): Promise<string[]>;

  /** The bytes of a range of verified chunks, as FileStore.read. */
  read(range: ByteRange, options?: Omit<ReadOptions, 'start' | 'end'>): AsyncGenerator<Buffer, void, undefined>;

  /** Begins to hash the whole behind what is verified, so that little is left to do at the end. */
  hashAlong(): void;

  /** Makes a stored file of it when no chunk is missing. It is closed if that succeeds, and otherwise not. */
  finish(): Promise<FinishOutcome>;

  /** Ends work under way; what is here is kept. May be called again. Never fails. */
  close(): Promise<void>;

  /** Closes and removes all of it. Never fails. */
  discard(): Promise<void>;
}

/** Contents of which a part is here, for a daemon that is alone on its storage directory. */
export interface PartialFiles {
  /** What is kept of a content; undefined if nothing is. */
  open(id: ContentId): Promise<PartialFile | undefined>;

  /** Begins a content anew; what was kept of it is removed. No room is taken before bytes are written. */
  create(id: ContentId, layout: ChunkLayout): Promise<PartialFile>;
}
