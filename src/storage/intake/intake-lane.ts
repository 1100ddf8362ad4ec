import { MessageChannel, Worker } from 'node:worker_threads';
import { type ByteRange } from '../../core/byte-range.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type DigestOrder, type IntakeReport, type OpenOrder } from './intake-protocol.js';

/** More of one job in flight would not make it faster. */
const maxJobBytesInFlight = 4 * 1024 * 1024;

/** Content of a finished job: its hash, and those of its chunks if they were asked for. */
export interface Digest {
  readonly sha1: string;
  readonly chunkSha1s: readonly string[];
}

/** Why a job failed: an error of the operating system, on the source that it read or on the file that it wrote. */
export class IntakeError extends Error {
  override readonly name = 'IntakeError';

  constructor(
    readonly isSource: boolean,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** One content on its way through a lane. End it with `finish` or `drop`, once. */
export class IntakeJob {
  private inFlightBytes = 0;
  private takenBytes = 0;
  private failure: Error | undefined;
  private digest: Digest | undefined;
  private isDropped = false;
  /** It gets its bytes from the main thread, where they wait for it. */
  takesData = false;
  private readonly waiting: (() => void)[] = [];
  /** Who gets back the bytes of each write, in their order. */
  private readonly owners: (((bytes: Uint8Array) => void) | undefined)[] = [];

  constructor(
    private readonly number: number,
    private readonly order: (order: DigestOrder, transfer: ArrayBuffer[]) => void,
    private readonly onTaken: ((doneBytes: number) => void) | undefined,
    /** How many bytes may be in flight now. */
    private readonly roomBytes: () => number,
  ) {}

  /**
   * Takes bytes whose buffer now belongs to the job; resolves when there is room for more. Fails with the job's IntakeError. If all goes well, `onReturned` gets
   * a view on the buffer, or on a copy of it, when the job needs it no more.
   */
  async write(bytes: Uint8Array, onReturned?: (bytes: Uint8Array) => void): Promise<void> {
    this.takesData = true;
    this.inFlightBytes += bytes.byteLength;
    this.owners.push(onReturned);
    const own = isWholeBuffer(bytes) ? bytes : new Uint8Array(bytes);
    this.order({ kind: 'data', job: this.number, bytes: own }, [own.buffer as ArrayBuffer]);
    await this.until(() => this.inFlightBytes < this.roomBytes());
  }

  /** Takes the bytes [start, end) of an open file; `write: false` only hashes them. Resolves when all are taken. */
  async writeFile(fd: number, { start, end }: ByteRange, { write }: { write: boolean }): Promise<void> {
    this.inFlightBytes += end - start;
    this.order({ kind: 'file', job: this.number, fd, start, end, write }, []);
    await this.until(() => this.inFlightBytes === 0);
  }

  /** Makes the written file durable and tells the hashes of its content. */
  async finish(): Promise<Digest> {
    this.order({ kind: 'end', job: this.number }, []);
    await this.until(() => this.digest !== undefined);
    return this.digest ?? { sha1: '', chunkSha1s: [] };
  }

  /** Fails what waits for the job with `cancelled`; a drop is still owed. */
  cancel(): void {
    this.failure ??= new KacheryError('cancelled', 'Storing was cancelled.');
    this.wakeAll();
  }

  /** Gives the job up and closes its file, which is left to the caller. Never fails. */
  async drop(): Promise<void> {
    this.failure = undefined;
    this.order({ kind: 'drop', job: this.number }, []);
    // It may have been done before the workers heard of it; then they answer nothing more.
    await this.until(() => this.isDropped || this.digest !== undefined).catch(() => undefined);
  }

  /** Hears from the workers. Only the lane calls it. */
  hear(report: IntakeReport): void {
    switch (report.kind) {
      case 'taken':
        this.inFlightBytes -= report.count;
        this.takenBytes += report.count;
        if (report.returned) this.owners.shift()?.(report.returned);
        this.onTaken?.(this.takenBytes);
        break;
      case 'done':
        this.digest = { sha1: report.sha1, chunkSha1s: report.chunkSha1s };
        break;
      case 'dropped':
        this.isDropped = true;
        break;
      case 'failed':
        this.failure ??= new IntakeError(report.isSource, report.code, report.message);
    }
    this.wakeAll();
  }

  /** Fails the job for good: its workers are gone. Only the lane calls it. */
  lose(error: Error): void {
    this.failure = error;
    this.isDropped = true;
    this.wakeAll();
  }

  private async until(isReached: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure) throw this.failure;
      if (isReached()) return;
      if (this.isDropped) throw new KacheryError('cancelled', 'Storing was given up.');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private wakeAll(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }
}

/** Two worker threads that hash and write content together, for many jobs at a time. */
export class IntakeLane {
  private readonly jobs = new Map<number, IntakeJob>();
  private readonly digester: Worker;
  private readonly writer: Worker;
  private lastNumber = 0;
  isBroken = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.digester = startWorker('./digest-worker.js', { writer: port1 }, port1);
    this.writer = startWorker('./write-worker.js', { digester: port2 }, port2);
    for (const worker of [this.digester, this.writer]) {
      worker.on('message', (report: IntakeReport) => {
        this.hear(report);
      });
      worker.on('error', (error) => {
        this.break(error);
      });
      worker.on('exit', () => {
        this.break(new Error('A hashing worker ended.'));
      });
      worker.unref();
    }
  }

  /** How many jobs are under way. */
  get load(): number {
    return this.jobs.size;
  }

  /** Begins a job. `onTaken` hears how many bytes are hashed and written. */
  open(options: Omit<OpenOrder, 'kind' | 'job'>, onTaken?: (doneBytes: number) => void): IntakeJob {
    const number = ++this.lastNumber;
    const job = new IntakeJob(
      number,
      (order, transfer) => {
        this.digester.postMessage(order, transfer);
      },
      onTaken,
      () => Math.min(maxJobBytesInFlight, limits.maxUploadBytesInFlight / this.takers()),
    );
    if (this.jobs.size === 0) this.keepAlive(true);
    this.jobs.set(number, job);
    this.digester.postMessage({ kind: 'open', job: number, ...options } satisfies DigestOrder);
    return job;
  }

  /** Ends the threads. Jobs under way fail. */
  async close(): Promise<void> {
    await Promise.all([this.digester.terminate(), this.writer.terminate()]);
  }

  private hear(report: IntakeReport): void {
    const job = this.jobs.get(report.job);
    if (report.kind === 'done' || report.kind === 'dropped') {
      this.jobs.delete(report.job);
      if (this.jobs.size === 0) this.keepAlive(false);
    }
    job?.hear(report);
  }

  private break(error: Error): void {
    if (this.isBroken) return;
    this.isBroken = true;
    void this.close();
    for (const job of this.jobs.values()) job.lose(error);
    this.jobs.clear();
  }

  /** How many jobs share the room for bytes that wait. */
  private takers(): number {
    let takers = 0;
    for (const { takesData } of this.jobs.values()) if (takesData) takers += 1;
    return Math.max(1, takers);
  }

  /** A program with nothing else to do waits for jobs under way, not for idle workers. */
  private keepAlive(isWorking: boolean): void {
    for (const worker of [this.digester, this.writer]) {
      if (isWorking) worker.ref();
      else worker.unref();
    }
  }
}

function startWorker(file: string, data: Record<string, MessagePort>, port: MessagePort): Worker {
  return new Worker(new URL(file, import.meta.url), {
    workerData: data,
    transferList: [port as never],
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
  });
}

type MessagePort = InstanceType<typeof MessageChannel>['port1'];

/** Tells whether a view has its buffer to itself, so that the buffer can be handed over. Small views share Node's pool. */
function isWholeBuffer(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength >= 64 * 1024 && bytes.byteLength * 2 >= bytes.buffer.byteLength;
}
