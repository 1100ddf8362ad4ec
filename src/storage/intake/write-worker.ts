import { createHash, type Hash } from 'node:crypto';
import { close, fstatSync, fsync, openSync, write as writeSome } from 'node:fs';
import { promisify } from 'node:util';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { chunkSizeBytes } from '../../core/manifest.js';
import { failureReport, type IntakeReport, type OpenOrder, type RecycledBuffer, takenReport, type WriteOrder } from './intake-protocol.js';

const closeFile = promisify(close);
const syncFile = promisify(fsync);

/** The hashes of a content's chunks, made as its bytes go by. */
class ChunkHasher {
  readonly sha1s: string[] = [];
  private hash: Hash = createHash('sha1');
  private filledBytes = 0;

  update(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.byteLength > 0) {
      if (this.filledBytes === chunkSizeBytes) this.finishChunk();
      const piece = rest.subarray(0, chunkSizeBytes - this.filledBytes);
      this.hash.update(piece);
      this.filledBytes += piece.byteLength;
      rest = rest.subarray(piece.byteLength);
    }
  }

  finishChunk(): void {
    this.sha1s.push(this.hash.digest('hex'));
    this.hash = createHash('sha1');
    this.filledBytes = 0;
  }
}

interface Job {
  readonly fd: number | undefined;
  readonly chunks: ChunkHasher | undefined;
  /** Where the next written bytes go. */
  position: number;
  /**
   * The write that was begun last; the next begins behind it. What a crash leaves of the file is a beginning of it, without holes, and a file system lets no
   * more than one write into a file at a time anyway: several at once only cost time of the system.
   */
  lastWrite: Promise<void>;
  /** Writes under way, and what comes behind them. */
  readonly writes: Set<Promise<void>>;
  failed: boolean;
}

if (!parentPort) throw new Error('This file runs as a worker thread.');
const main = parentPort;
const digester = (workerData as { digester: MessagePort }).digester;
const jobs = new Map<number, Job>();

digester.on('message', (order: WriteOrder) => {
  if (order.kind === 'open') {
    openJob(order);
    return;
  }
  const job = jobs.get(order.job);
  if (!job) {
    if (order.kind === 'data') recycle(order);
    if (order.kind === 'drop') report({ kind: 'dropped', job: order.job });
    return;
  }
  if (order.kind === 'data') take(job, order);
  else void endJob(job, order);
});

function openJob(order: OpenOrder): void {
  const chunks = order.chunked ? new ChunkHasher() : undefined;
  const job: Job = { fd: undefined, chunks, position: 0, lastWrite: Promise.resolve(), writes: new Set(), failed: false };
  try {
    const fd = order.outPath === undefined ? undefined : openSync(order.outPath, order.append ? 'r+' : 'wx', order.append ? 0o600 : 0o444);
    jobs.set(order.job, { ...job, fd, position: fd !== undefined && order.append ? fstatSync(fd).size : 0 });
  } catch (error) {
    jobs.set(order.job, { ...job, failed: true });
    report(failureReport(order.job, false, error));
  }
}

/** Hashes bytes for the manifest while they are being written. */
function take(job: Job, order: Extract<WriteOrder, { kind: 'data' }>): void {
  const count = order.bytes.byteLength;
  if (job.failed) {
    finishTake(order, count);
    return;
  }
  const written = order.write ? write(job, order.bytes) : Promise.resolve();
  job.chunks?.update(order.bytes);
  const finished = written
    .catch((error: unknown) => {
      if (job.failed) return;
      job.failed = true;
      report(failureReport(order.job, false, error));
    })
    .then(() => {
      job.writes.delete(finished);
      finishTake(order, count);
    });
  job.writes.add(finished);
}

/** Begins to write the next bytes of a job. */
function write(job: Job, bytes: Uint8Array): Promise<void> {
  const { fd, position, lastWrite } = job;
  if (fd === undefined) return Promise.resolve();
  job.position += bytes.byteLength;
  job.lastWrite = lastWrite.then(() => writeWhole(fd, bytes, position));
  return job.lastWrite;
}

function finishTake(order: Extract<WriteOrder, { kind: 'data' }>, count: number): void {
  if (!order.recycle) {
    main.postMessage(takenReport(order.job, order.bytes), [order.bytes.buffer as ArrayBuffer]);
    return;
  }
  report({ kind: 'taken', job: order.job, count });
  recycle(order);
}

function recycle(order: Extract<WriteOrder, { kind: 'data' }>): void {
  if (!order.recycle) return;
  const returned: RecycledBuffer = { bytes: order.bytes };
  digester.postMessage(returned, [order.bytes.buffer as ArrayBuffer]);
}

async function writeWhole(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const from = done;
    done += await new Promise<number>((resolve, reject) => {
      writeSome(fd, bytes, from, bytes.byteLength - from, position + from, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }
}

/** Makes a job's file durable, or gives the job up; either way closes the file. */
async function endJob(job: Job, order: Extract<WriteOrder, { kind: 'end' | 'drop' }>): Promise<void> {
  await Promise.all(job.writes);
  if (order.kind === 'end' && job.failed) return;
  jobs.delete(order.job);
  try {
    if (order.kind === 'end' && job.fd !== undefined) await syncFile(job.fd);
  } catch (error) {
    job.failed = true;
    report(failureReport(order.job, false, error));
  }
  if (job.fd !== undefined) await closeFile(job.fd).catch(() => undefined);
  if (order.kind === 'drop') {
    report({ kind: 'dropped', job: order.job });
  } else if (!job.failed) {
    job.chunks?.finishChunk();
    report({ kind: 'done', job: order.job, sha1: order.sha1, chunkSha1s: job.chunks?.sha1s ?? [] });
  }
}

function report(message: IntakeReport): void {
  main.postMessage(message);
}
