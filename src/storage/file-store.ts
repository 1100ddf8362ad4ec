import { type ContentId } from '../core/content-id.js';
import { type KacheryError } from '../core/failure.js';
import { type ReadBuffers } from './read-buffers.js';

/** A file that the store has. */
export interface StoredFile {
  readonly id: ContentId;
  readonly sizeBytes: number;
  /** Of the manifest that is stored with it, where the store knows it. */
  readonly manifestId?: ContentId;
  /** A copy of the store's own, or a link to a file elsewhere. */
  readonly location: 'stored' | 'linked';
  /** Absolute path of the bytes. */
  readonly path: string;
}

/** A file that was stored, and whether it was there before. */
export interface StoreResult {
  readonly file: StoredFile;
  readonly alreadyStored: boolean;
}

/** What is known of content before it arrives. */
export interface Expectation {
  /** Size of the whole content in bytes. */
  readonly sizeBytes?: number;
  readonly id?: ContentId;
}

/** Stops work when aborted, and hears how far it is. */
export interface WorkOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, sizeBytes: number) => void;
}

/** Content on its way into the store. End it with exactly one of `finish` and `abort`; both release everything that it holds. */
export interface IncomingFile {
  /** Bytes taken so far, those of earlier calls of a resumed upload included. */
  readonly takenBytes: number;
  /**
   * Takes the next bytes. The caller gives the buffer away and must not touch it again. Resolves when there is room for more. `onReturned` may get a view on the
   * buffer, or on one like it, when it is needed no more.
   */
  write(data: Uint8Array, onReturned?: (data: Uint8Array) => void): Promise<void>;
  /** Checks, makes durable and publishes. Fails with `size-mismatch` or `hash-mismatch` if the content is not what was expected; then nothing is kept. */
  finish(): Promise<StoreResult>;
  /** Gives up. A resumable upload keeps what it has; nothing else is left behind. Never fails. */
  abort(): Promise<void>;
}

/** An upload that can be continued. */
export interface KeptUpload {
  readonly id: string;
  readonly committedBytes: number;
  readonly sizeBytes: number;
  readonly contentId: ContentId;
}

/** What a verification tells. */
export type VerifyEvent =
  | { readonly kind: 'progress'; readonly checkedFiles: number; readonly checkedBytes: number; readonly badFiles: number }
  | {
      readonly kind: 'bad';
      readonly id: ContentId;
      /** Hash of the bytes that are there; absent if they cannot be read. */
      readonly actualId?: ContentId;
      readonly path: string;
      readonly quarantinePath?: string;
      readonly problem: string;
    };

/** How much room there is. */
export interface StorageUsage {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly uploadBytes: number;
  readonly uploads: number;
  /** Bytes on disk of files of which only a part is here, and how many they are. */
  readonly partialBytes: number;
  readonly partialFiles: number;
}

/** A store of whole files under the hashes of their content. */
export interface FileStore {
  /** Absolute path of the storage directory. */
  readonly dir: string;

  /** The file, or undefined. Fails with `content-corrupt` if it is a link whose file has changed. */
  find(id: ContentId): Promise<StoredFile | undefined>;

  /** The file, if it is here and can be taken for what its name says: bytes that may have changed since they were stored are hashed again. */
  findIntact(id: ContentId): Promise<StoredFile | undefined>;

  /** Those of `ids` that are not here, or here and damaged, in their order. What may be damaged is hashed, so it may take its time. */
  missing(ids: readonly ContentId[], options?: { readonly signal?: AbortSignal }): Promise<ContentId[]>;

  /**
   * The bytes [start, end) of a file; without `end`, up to its end. The range is checked before the first piece: `file-not-found`, `invalid-range`,
   * `range-beyond-end`, `content-corrupt`. Each piece has at most limits.dataMessageBytes, is the caller's to keep, and has `headroomBytes` unused bytes
   * before it in its ArrayBuffer.
   */
  read(id: ContentId, options?: ReadOptions): AsyncGenerator<Buffer, void, undefined>;

  /** The whole content of a file of at most `maxBytes`. Fails with `too-large`, otherwise as `read`. */
  readWhole(id: ContentId, maxBytes: number): Promise<Buffer>;

  /** As `find` for each of `ids`, in their order, at a fraction of its cost; undefined also for a link whose file has changed, or what cannot be looked at. */
  findMany(ids: readonly ContentId[], options?: { readonly signal?: AbortSignal }): Promise<(StoredFile | undefined)[]>;

  /**
   * As `readWhole` for each of `ids`, in their order, at a fraction of its cost: the content of at most limits.maxSmallFileBytes, undefined if the file is not
   * here, or why it cannot be read. Some are read ahead; `return` it if it is not read to its end.
   */
  readMany(ids: readonly ContentId[], options?: { readonly signal?: AbortSignal }): AsyncGenerator<Buffer | KacheryError | undefined, void, undefined>;

  /** Takes content that is sent piece by piece. */
  receive(expected: Expectation): Promise<IncomingFile>;

  /**
   * Takes content that is sent piece by piece and can go on after an interruption. `offset` must be what is kept of it, 0 for a new one; a new one may also
   * replace what is kept. Fails with `upload-offset-mismatch`, and with `too-busy` if the upload is being received already or too many are kept.
   */
  receiveUpload(uploadId: string, expected: Required<Expectation>, offset: number): Promise<IncomingFile>;

  /** What is kept of an interrupted upload, or undefined. */
  keptUpload(uploadId: string): Promise<KeptUpload | undefined>;

  /** Removes what is kept of an upload, if it is not being received. */
  abortUpload(uploadId: string): Promise<void>;

  /**
   * Stores a copy of a file of this machine. Fails with `path-not-found`, `path-not-permitted`, `not-a-regular-file`, or `file-changed` if it changes
   * meanwhile.
   */
  storeLocalFile(path: string, options?: WorkOptions): Promise<StoreResult>;

  /** Makes a file of this machine available where it is. Fails as storeLocalFile. */
  linkFile(path: string, options?: WorkOptions): Promise<StoredFile>;

  /** Stores small contents, all durable when it resolves; one result or error each. */
  storeSmallFiles(contents: readonly Uint8Array[]): Promise<(StoreResult | KacheryError)[]>;

  /** At most `count` files in the order of their hashes, those behind `after`. */
  list(after: ContentId | undefined, count: number): Promise<StoredFile[]>;

  /** Removes a file or a link; resolves with the bytes freed. Fails with `file-not-found`. */
  delete(id: ContentId): Promise<number>;

  /** Hashes files again, all or those of `ids`; moves bad ones to quarantine if asked. Ends with a progress event. */
  verify(ids: readonly ContentId[] | undefined, options: { quarantine: boolean; signal?: AbortSignal }): AsyncGenerator<VerifyEvent, void, undefined>;

  usage(): Promise<StorageUsage>;

  /** Lets work under way end and releases workers and files. */
  close(): Promise<void>;
}

/** Which bytes of a file, and how. */
export interface ReadOptions {
  readonly start?: number;
  readonly end?: number;
  readonly signal?: AbortSignal;
  readonly headroomBytes?: number;
  /** Where pieces of large files are read into; whoever gets a piece may release it there. Without, each piece has a buffer of its own. */
  readonly buffers?: ReadBuffers;
}
