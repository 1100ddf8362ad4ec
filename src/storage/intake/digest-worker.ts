import { createHash, type Hash } from 'node:crypto';
import { read } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { readOffsetBytes } from '../read-offset.js';
import {
  type DigestOrder,
  failureReport,
  type IntakeReport,
  pieceBytes,
  type RecycledBuffer,
  sourceEndedEarly,
  takenReport,
  type WriteOrder,
} from './intake-protocol.js';

/** Buffers of this worker that may exist at a time. */
const maxBuffers = 8;

interface Job {
  readonly hash: Hash;
  /** Whether bytes go on to the write worker: not if they are only hashed. */
  readonly passesOn: boolean;
  /** Orders before the next one. */
  tail: Promise<void>;
  failed: boolean;
}

if (!parentPort) throw new Error('This file runs as a worker thread.');
const main = parentPort;
const writer = (workerData as { writer: MessagePort }).writer;
const jobs = new Map<number, Job>();
const freeBuffers: Uint8Array[] = [];
const waitingForBuffer: ((buffer: Uint8Array) => void)[] = [];
let bufferCount = 0;

writer.on('message', ({ bytes }: RecycledBuffer) => {
  releaseBuffer(bytes);
});

main.on('message', (order: DigestOrder) => {
  if (order.kind === 'open') {
    jobs.set(order.job, {
      hash: createHash('sha1'),
      passesOn: order.outPath !== undefined || order.chunked,
      tail: Promise.resolve(),
      failed: false,
    });
    send(order);
    return;
  }
  const job = jobs.get(order.job);
  if (!job) {
    if (order.kind === 'drop') send(order);
    return;
  }
  if (order.kind === 'drop') job.failed = true;
  job.tail = job.tail
    .then(() => carryOut(job, order))
    .catch((error: unknown) => {
      job.failed = true;
      report(failureReport(order.job, true, error));
    });
});

async function carryOut(job: Job, order: Exclude<DigestOrder, { kind: 'open' }>): Promise<void> {
  switch (order.kind) {
    case 'data':
      take(job, order.job, order.bytes, true, false);
      return;
    case 'file':
      if (!job.failed) await takeFile(job, order);
      return;
    case 'end':
      if (job.failed) return;
      jobs.delete(order.job);
      send({ kind: 'end', job: order.job, sha1: job.hash.digest('hex') });
      return;
    case 'drop':
      jobs.delete(order.job);
      send(order);
  }
}

/** Hashes a file while the next piece of it is being read. */
async function takeFile(job: Job, order: Extract<DigestOrder, { kind: 'file' }>): Promise<void> {
  let position = order.start;
  let next = position < order.end ? readPiece(order.fd, position, order.end) : undefined;
  while (next) {
    const piece = await next;
    position += piece.byteLength;
    next = position < order.end && !job.failed && jobs.has(order.job) ? readPiece(order.fd, position, order.end) : undefined;
    take(job, order.job, piece, order.write, true);
  }
}

async function readPiece(fd: number, position: number, end: number): Promise<Uint8Array> {
  const buffer = await acquireBuffer();
  const wanted = Math.min(pieceBytes, end - position);
  try {
    const count = await new Promise<number>((resolve, reject) => {
      read(fd, buffer, readOffsetBytes, wanted, position, (error, bytesRead) => {
        if (error) reject(error);
        else resolve(bytesRead);
      });
    });
    if (count === 0) throw Object.assign(new Error('The file ended before its size.'), { code: sourceEndedEarly });
    return buffer.subarray(readOffsetBytes, readOffsetBytes + count);
  } catch (error) {
    releaseBuffer(buffer);
    throw error;
  }
}

function take(job: Job, number: number, bytes: Uint8Array, write: boolean, recycle: boolean): void {
  job.hash.update(bytes);
  if (job.passesOn) {
    send({ kind: 'data', job: number, bytes, write, recycle });
    return;
  }
  if (!recycle) {
    main.postMessage(takenReport(number, bytes), [bytes.buffer as ArrayBuffer]);
    return;
  }
  report({ kind: 'taken', job: number, count: bytes.byteLength });
  releaseBuffer(bytes);
}

function send(order: WriteOrder): void {
  writer.postMessage(order, order.kind === 'data' ? [order.bytes.buffer as ArrayBuffer] : []);
}

function report(message: IntakeReport): void {
  main.postMessage(message);
}

function acquireBuffer(): Promise<Uint8Array> {
  const free = freeBuffers.pop();
  if (free) return Promise.resolve(free);
  if (bufferCount < maxBuffers) {
    bufferCount += 1;
    return Promise.resolve(new Uint8Array(readOffsetBytes + pieceBytes));
  }
  return new Promise((resolve) => waitingForBuffer.push(resolve));
}

function releaseBuffer(bytes: Uint8Array): void {
  const buffer = new Uint8Array(bytes.buffer as ArrayBuffer);
  const waiting = waitingForBuffer.shift();
  if (waiting) waiting(buffer);
  else freeBuffers.push(buffer);
}
