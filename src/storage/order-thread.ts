import { Worker, type WorkerOptions } from 'node:worker_threads';

import { KacheryError } from '../core/failure.js';

/** What a thread answers: a report, or the error of the system by which an order failed. */
export type OrderAnswer<Report> =
  { readonly number: number; readonly report: Report } | { readonly number: number; readonly failed: { readonly code: string; readonly message: string } };

/** An order on its way to its thread, which answers with the same number. */
export interface NumberedOrder<Order> {
  readonly number: number;
  readonly order: Order;
}

interface Pending<Report> {
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
}

/** A worker thread that carries out orders; it starts with the first and keeps the process alive only while one is under way. */
export class OrderThread<Order, Report> {
  private worker: Worker | undefined;
  private lastNumber = 0;
  private isClosed = false;
  private readonly pending = new Map<number, Pending<Report>>();

  /** @param script Module of the thread; see carryOutOrders. */
  constructor(
    private readonly script: URL,
    private readonly options: WorkerOptions,
  ) {}

  /** Resolves with the report on an order. Fails with what failed there, with the `code` of the system, and with `daemon-stopping`. */
  order(order: Order, transfer: readonly ArrayBuffer[] = []): Promise<Report> {
    if (this.isClosed) return Promise.reject(closing());
    const number = ++this.lastNumber;
    const worker = this.running();
    return new Promise((resolve, reject) => {
      this.pending.set(number, { resolve, reject });
      worker.ref();
      worker.postMessage({ number, order } satisfies NumberedOrder<Order>, transfer);
    });
  }

  /** Ends the thread; orders under way fail. May be called again. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.worker?.terminate();
  }

  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.script, { execArgv: [], ...this.options });
    worker.on('message', (answer: OrderAnswer<Report>) => {
      this.hear(answer);
    });
    worker.on('error', (error) => {
      this.lose(worker, error);
    });
    worker.on('exit', () => {
      this.lose(worker, closing());
    });
    this.worker = worker;
    return worker;
  }

  private hear(answer: OrderAnswer<Report>): void {
    const pending = this.pending.get(answer.number);
    this.pending.delete(answer.number);
    if (this.pending.size === 0) this.worker?.unref();
    if ('failed' in answer) pending?.reject(Object.assign(new Error(answer.failed.message), { code: answer.failed.code }));
    else pending?.resolve(answer.report);
  }

  private lose(worker: Worker, error: Error): void {
    // A thread that failed also exits, when there may be another one already.
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

function closing(): KacheryError {
  return new KacheryError('daemon-stopping', 'The store is being closed. Try again when the daemon runs.');
}
