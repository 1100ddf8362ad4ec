import { type NodeId } from '../core/node-id.js';
import { type StoredFile } from '../storage/file-store.js';

/** What a load is doing: asking who has the file, connecting with those that may, fetching, hashing the whole, or waiting for nodes that were lost. */
export type LoadState = 'finding' | 'connecting' | 'downloading' | 'verifying' | 'waiting';

/** A node that bytes come from, or were to come from. */
export interface LoadSource {
  readonly nodeId: NodeId;
  /** Name for people; may be empty. */
  readonly label: string;
  /** Bytes that came from it; those that turn out to be wrong are taken off again. */
  readonly loadedBytes: number;
  readonly bytesPerSecond: number;
  /** Why it is not asked now, for people; empty while it is. */
  readonly problem: string;
}

/** How far a load is. */
export interface LoadProgress {
  readonly kind: 'progress';
  readonly state: LoadState;
  /** Bytes that are here; those of chunks that turn out to be wrong are taken off again. */
  readonly loadedBytes: number;
  /** 0 while it is not known. */
  readonly sizeBytes: number;
  readonly sources: readonly LoadSource[];
}

/** What a load tells: how far it is, a few times a second, and as the last event the file. */
export type LoadEvent = LoadProgress | { readonly kind: 'file'; readonly file: StoredFile };
