import { parentPort } from 'node:worker_threads';

import { type NumberedOrder, type OrderAnswer } from './order-thread.js';

/** What a thread does. */
export interface OrderHandlers<Order, Report> {
  readonly carryOut: (order: Order) => Report | Promise<Report>;
  /** Buffers of a report that are given away with it. */
  readonly buffersOf?: (report: Report) => ArrayBuffer[];
}

/** Carries out the orders of an OrderThread, in its thread. */
export function carryOutOrders<Order, Report>({ carryOut, buffersOf = () => [] }: OrderHandlers<Order, Report>): void {
  if (!parentPort) throw new Error('This runs in a worker thread.');
  const main = parentPort;
  const answer = async ({ number, order }: NumberedOrder<Order>): Promise<void> => {
    try {
      const report = await carryOut(order);
      main.postMessage({ number, report } satisfies OrderAnswer<Report>, buffersOf(report));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const failed = { code, message: error instanceof Error ? error.message : String(error) };
      main.postMessage({ number, failed } satisfies OrderAnswer<Report>);
    }
  };
  main.on('message', (numbered: NumberedOrder<Order>) => void answer(numbered));
}
