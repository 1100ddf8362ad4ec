import { type CallOptions } from './call-options.js';
import { type Channels } from './channels.js';
import { type Feeds } from './feeds.js';
import { type LoadOptions } from './load-options.js';
import { type Mirrors } from './mirrors.js';
import { type Mutables } from './mutables.js';
import { type NpyArray } from './npy-array.js';

/** Options of operations that store. */
export interface StoreOptions extends CallOptions {
  /** Cosmetic name in the URI; the file's name where there is one, otherwise `file.<type>`. */
  readonly label?: string | undefined;
}

/** A half-open range of bytes [start, end); `start` defaults to 0, `end` to the end of the file. */
export interface RangeOptions extends LoadOptions {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** What is known of a file. */
export interface FileInfo {
  readonly uri: string;
  readonly sha1: string;
  readonly sizeBytes: number;
  readonly manifestSha1?: string;
  readonly location: 'stored' | 'linked';
  /** Path on the node's machine. */
  readonly localPath: string;
}

/** A node that has a file. */
export interface FileProvider {
  readonly nodeId: string;
  readonly isLocal: boolean;
  readonly sizeBytes: number;
  /** Name of the node, for people; may be empty. */
  readonly label: string;
}

/** Who a node is and what it can do. */
export interface NodeInfo {
  readonly nodeId: string;
  readonly label: string;
  readonly version: string;
  readonly apiVersions: readonly string[];
  readonly features: readonly string[];
  readonly storageDir: string;
  readonly startedAt: Date;
}

/** How much room a node has, in bytes. */
export interface StorageUsage {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly uploadBytes: number;
  readonly uploads: number;
}

/** What a verification found: progress (the last one sums up), or a bad file. */
export type VerifyEvent =
  | { readonly kind: 'progress'; readonly checkedFiles: number; readonly checkedBytes: number; readonly badFiles: number }
  | {
      readonly kind: 'bad';
      readonly sha1: string;
      /** Hash of the bytes that are there; empty if they cannot be read. */
      readonly actualSha1: string;
      readonly path: string;
      /** Where the file was moved to; empty if it was left. */
      readonly quarantinePath: string;
      readonly problem: string;
    };

/** A movement of one file's bytes through a node. */
export interface Transfer {
  readonly id: number;
  /** `store`, `read`: with a client of the node; `fetch`, `serve`: with another node. */
  readonly kind: 'store' | 'read' | 'fetch' | 'serve';
  readonly state: 'active' | 'done' | 'failed';
  readonly uri: string;
  readonly transferredBytes: number;
  readonly sizeBytes: number;
  readonly startedAt: Date;
}

/** A small file of a batch: bytes, or text that is stored as UTF-8. */
export interface SmallFile {
  readonly content: Uint8Array | string;
  /** Cosmetic name in the URI; `file.txt` for text and `file.dat` for bytes if left out. */
  readonly label?: string | undefined;
}

/**
 * Files under permanent addresses, online through a daemon or offline on a storage directory. Get one from `connect`; `close` it when done.
 *
 * Every method fails with a KacheryError, whose `reason` says why: `file-not-found` if nobody has the file, `invalid-uri`, `daemon-not-running`, and so on.
 * Where offline mode cannot do something it fails with `offline`.
 */
export interface KacheryClient {
  /** Whether this client works through a daemon or on a directory alone. */
  readonly mode: 'online' | 'offline';
  /** Append-only logs that can be followed live. */
  readonly feeds: Feeds;
  /** Small values under keys. */
  readonly mutables: Mutables;
  /** The channels that the node has joined, and the other nodes that it knows through them. */
  readonly channels: Channels;
  /** What the node keeps of other nodes, so that it can be had when they are away. */
  readonly mirrors: Mirrors;

  /** Stores a file and resolves with its URI. Content that is stored already is not sent again. */
  storeFile(path: string, options?: StoreOptions): Promise<string>;
  /** Stores text as UTF-8, without any change of its newlines; label `file.txt`. */
  storeText(text: string, options?: StoreOptions): Promise<string>;
  /** Stores a value as compact JSON in insertion order, non-ASCII characters escaped; label `file.json`. */
  storeJson(value: unknown, options?: StoreOptions): Promise<string>;
  /** Stores an array as `numpy.save` writes it, so that Python's `store_npy` of an equal array gives the same URI; label `file.npy`. */
  storeNpy(array: NpyArray, options?: StoreOptions): Promise<string>;
  /** Stores bytes; label `file.dat`. */
  storeBytes(content: Uint8Array, options?: StoreOptions): Promise<string>;
  /** Stores what a stream brings, without holding it in memory; label `file.dat`. What the stream fails with is passed on. */
  storeStream(content: AsyncIterable<Uint8Array>, options?: StoreOptions): Promise<string>;
  /** Stores many small files in few calls; resolves with their URIs, in order. A file that fails rejects the whole with its error; the others are stored. */
  storeFiles(files: Iterable<SmallFile> | AsyncIterable<SmallFile>, options?: CallOptions): Promise<string[]>;
  /** Makes a file available where it is, without a copy, and resolves with its URI. */
  linkFile(path: string, options?: StoreOptions): Promise<string>;

  /** Brings a file to this machine and resolves with its path; with `dest`, a copy of its own at that path. The path is read-only without. */
  loadFile(uri: string, options?: LoadOptions & { readonly dest?: string | undefined }): Promise<string>;
  /** The text of a file. Fails with `invalid-argument` if it is not UTF-8. */
  loadText(uri: string, options?: LoadOptions): Promise<string>;
  /** The value of a JSON file. Fails with `invalid-argument` if it is none. */
  loadJson(uri: string, options?: LoadOptions): Promise<unknown>;
  /** The array of a `.npy` file. Fails with `invalid-argument` if it is none, with `not-supported` if JavaScript has no array for its elements. */
  loadNpy(uri: string, options?: LoadOptions): Promise<NpyArray>;
  /** The bytes [start, end) of a file, in memory. */
  loadBytes(uri: string, options?: RangeOptions): Promise<Uint8Array>;
  /** The bytes [start, end) of a file as a stream with bounded memory. Each piece is the caller's to keep. */
  readFile(uri: string, options?: RangeOptions): AsyncIterable<Uint8Array>;
  /** The whole contents of many small files (at most 1 MiB each), in order. */
  loadFiles(uris: Iterable<string>, options?: CallOptions): AsyncIterable<Uint8Array>;

  /** What is known of a file. */
  stat(uri: string, options?: CallOptions): Promise<FileInfo>;
  /** Nodes that have a file, as they answer. */
  findFile(uri: string, options?: LoadOptions): AsyncIterable<FileProvider>;
  /** Everything that is stored, ordered by hash. */
  listFiles(options?: CallOptions): AsyncIterable<FileInfo>;
  /** Removes a file, or a link, from the node; resolves with the bytes freed. Owner only. */
  deleteFile(uri: string, options?: CallOptions): Promise<number>;
  /** Hashes stored files again, all or those of `uris`. Owner only. */
  verifyFiles(options?: CallOptions & { readonly uris?: readonly string[] | undefined; readonly quarantine?: boolean | undefined }): AsyncIterable<VerifyEvent>;

  getNode(options?: CallOptions): Promise<NodeInfo>;
  getStorageUsage(options?: CallOptions): Promise<StorageUsage>;
  /** Transfers of the node as they go on, until aborted. Owner only. */
  watchTransfers(options?: CallOptions): AsyncIterable<Transfer>;
  /** Asks the daemon to stop; resolves with its process id once it has agreed. Owner only. */
  stopDaemon(options?: CallOptions): Promise<number>;

  /** Releases the connection. May be called twice. */
  close(): Promise<void>;
}
