/** How far an operation is, in bytes; `sizeBytes` is 0 while the size is not known. */
export interface Progress {
  readonly state: 'hashing' | 'sending' | 'storing' | 'finding' | 'connecting' | 'downloading' | 'waiting' | 'verifying' | 'reading';
  readonly doneBytes: number;
  readonly sizeBytes: number;
  /** The nodes that a file comes from, or was to come from; absent where it does not come from other nodes. */
  readonly sources?: readonly LoadSource[] | undefined;
}

/** A node that a load takes bytes from. */
export interface LoadSource {
  readonly nodeId: string;
  /** Name for people; may be empty. */
  readonly label: string;
  /** Bytes that came from it; those that turn out to be wrong are taken off again. */
  readonly loadedBytes: number;
  readonly bytesPerSecond: number;
  /** Why it is not asked any more, for people; empty while it is. */
  readonly problem: string;
}

/** Options of every operation: abort it, hear how far it is. An aborted operation fails with the reason `cancelled`. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
