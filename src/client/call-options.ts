/** How far an operation is, in bytes; `sizeBytes` is 0 while the size is not known. */
export interface Progress {
  readonly state: 'hashing' | 'sending' | 'storing' | 'finding' | 'connecting' | 'downloading' | 'waiting' | 'verifying' | 'reading';
  readonly doneBytes: number;
  readonly sizeBytes: number;
}

/** Options of every operation: abort it, hear how far it is. An aborted operation fails with the reason `cancelled`. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
