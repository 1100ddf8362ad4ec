/**
 * What the threads of an intake lane say to each other. Bytes go main thread -> digest worker -> write worker, each buffer transferred and owned by one
 * thread at a time: the digest worker hashes the whole content, the write worker hashes its chunks and writes. A job's orders are carried out in order.
 */

/** From the main thread to the digest worker. */
export type DigestOrder =
  | OpenOrder
  | { readonly kind: 'data'; readonly job: number; readonly bytes: Uint8Array }
  /** Take the bytes [start, end) of an open file. */
  | { readonly kind: 'file'; readonly job: number; readonly fd: number; readonly start: number; readonly end: number; readonly write: boolean }
  | { readonly kind: 'end'; readonly job: number }
  | { readonly kind: 'drop'; readonly job: number };

/** Begins a job. */
export interface OpenOrder {
  readonly kind: 'open';
  readonly job: number;
  /** File that the content goes to; absent if it is only hashed. */
  readonly outPath?: string;
  /** Continue the file instead of making it anew. */
  readonly append: boolean;
  /** Hash the chunks of the manifest too. */
  readonly chunked: boolean;
}

/** From the digest worker to the write worker. */
export type WriteOrder =
  | OpenOrder
  | { readonly kind: 'data'; readonly job: number; readonly bytes: Uint8Array; readonly write: boolean; readonly recycle: boolean }
  | { readonly kind: 'end'; readonly job: number; readonly sha1: string }
  | { readonly kind: 'drop'; readonly job: number };

/** From the write worker back to the digest worker: a buffer to read into again. */
export interface RecycledBuffer {
  readonly bytes: Uint8Array;
}

/** From either worker to the main thread. */
export type IntakeReport =
  /** So many bytes were hashed and written. Those that came from the main thread come back, in their order: a view on their buffer. */
  | { readonly kind: 'taken'; readonly job: number; readonly count: number; readonly returned?: Uint8Array }
  | { readonly kind: 'done'; readonly job: number; readonly sha1: string; readonly chunkSha1s: readonly string[] }
  | { readonly kind: 'dropped'; readonly job: number }
  /** The job is lost; a drop is still owed. `isSource` tells whether reading or writing failed. */
  | { readonly kind: 'failed'; readonly job: number; readonly isSource: boolean; readonly code: string; readonly message: string };

/** Code of the failure of a job whose source ended before its length. */
export const sourceEndedEarly = 'SOURCE_ENDED_EARLY';

/** Bytes of one buffer that a file is read with. */
export const pieceBytes = 1024 * 1024;

/** The report of bytes that go back to the main thread with it. */
export function takenReport(job: number, returned: Uint8Array): IntakeReport {
  return { kind: 'taken', job, count: returned.byteLength, returned };
}

/** The report of a job's failure. */
export function failureReport(job: number, isSource: boolean, error: unknown): IntakeReport {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return { kind: 'failed', job, isSource, code, message: error instanceof Error ? error.message : String(error) };
}
