import { Worker } from 'node:worker_threads';

import { type FailureDetails, type FailureReason, KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type ChannelConfig } from './channel-config.js';
import { channelInvalid } from './yaml-source.js';

/** What the worker thread has to do. */
export interface ParseOrder {
  readonly address: string;
  readonly text: string;
}

/** What came out. */
export type ParseReport =
  | { readonly kind: 'parsed'; readonly config: ChannelConfig }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly message: string; readonly details: FailureDetails };

/**
 * What the text of a channel's file says, found out in a thread of its own with bounded time and memory: whoever writes the file could stop the daemon otherwise.
 * Fails with `channel-invalid`, and with what `signal` is aborted with.
 */
export async function parseChannelInWorker(order: ParseOrder, { signal }: { readonly signal: AbortSignal }): Promise<ChannelConfig> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./parse-channel-worker.js', import.meta.url), {
    workerData: order,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: limits.channelParseMegabytes },
  });
  const tooLong = AbortSignal.timeout(limits.channelParseMs);
  try {
    const report = await reportOf(worker, order.address, AbortSignal.any([signal, tooLong]));
    if (report.kind === 'parsed') return report.config;
    throw new KacheryError(report.reason, report.message, report.details);
  } catch (error) {
    throw tooLong.aborted && !signal.aborted ? tooMuch(order.address, error) : error;
  } finally {
    await worker.terminate();
  }
}

function reportOf(worker: Worker, address: string, signal: AbortSignal): Promise<ParseReport> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch(address, error) : error);
    });
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      reject(new KacheryError('internal', 'The thread that parses the file of a channel ended without a result.'));
    });
  });
}

function tooMuch(address: string, cause: unknown): KacheryError {
  const { reason, message, details } = channelInvalid(address, 'it takes too much time or memory to read. A channel is a list of nodes and nothing else.');
  return new KacheryError(reason, message, details, { cause });
}
