import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { type FailureDetails, type FailureReason, KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type ChannelConfig } from './channel-config.js';
import { channelInvalid } from './channel-invalid.js';

/** What the process has to do. */
export interface ParseOrder {
  readonly address: string;
  readonly text: string;
}

/** What came out. */
export type ParseReport =
  | { readonly kind: 'parsed'; readonly config: ChannelConfig }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly message: string; readonly details: FailureDetails };

/** Stops the parsing when aborted; `parseMs` is how long it may take at most. */
export interface ParseOptions {
  readonly signal: AbortSignal;
  readonly parseMs?: number;
}

const workerPath = fileURLToPath(new URL('./parse-channel-worker.js', import.meta.url));

/**
 * What the text of a channel's file says, found out in a process of its own with bounded time and memory: a text of 16 KiB can be made that ends the process which
 * parses it (deep nesting, where V8 gives up), and a large one that keeps it for minutes. Fails with `channel-invalid`, with `channel-unavailable` if no process
 * can be started, and with what `signal` is aborted with.
 */
export async function parseChannelApart(order: ParseOrder, { signal, parseMs = limits.channelParseMs }: ParseOptions): Promise<ChannelConfig> {
  signal.throwIfAborted();
  const worker = startWorker();
  const end = (): void => void worker.kill('SIGKILL');
  const timer = setTimeout(end, parseMs);
  signal.addEventListener('abort', end, { once: true });
  try {
    const report = await reportOf(worker, order);
    if (report?.kind === 'parsed') return report.config;
    signal.throwIfAborted();
    if (report) throw new KacheryError(report.reason, report.message, report.details);
    throw channelInvalid(order.address, 'it takes too much time or memory to read. A channel is a list of nodes and nothing else.');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    end();
  }
}

/** Nothing of the environment matters to it, and what it says when it gives up is for nobody. */
function startWorker(): ChildProcess {
  return fork(workerPath, {
    cwd: '/',
    env: {},
    execArgv: [`--max-old-space-size=${String(limits.channelParseMegabytes)}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Undefined if the process ended without a report. */
function reportOf(worker: ChildProcess, order: ParseOrder): Promise<ParseReport | undefined> {
  return new Promise((resolve, reject) => {
    worker.once('message', (report) => {
      resolve(report as ParseReport);
    });
    // Its report may arrive behind the news of its end, but not behind this.
    worker.once('disconnect', () => {
      resolve(undefined);
    });
    worker.once('error', (error) => {
      reject(cannotStart(order.address, error));
    });
    // What cannot be sent is told by the end of the process.
    worker.send(order, () => undefined);
  });
}

function cannotStart(address: string, cause: Error): KacheryError {
  const message = `The channel ${address} cannot be read: no process can be started to parse its file (${cause.message}).`;
  return new KacheryError('channel-unavailable', message, { channel: address }, { cause });
}
