import { parentPort, workerData } from 'node:worker_threads';

import { KacheryError } from '../../core/failure.js';
import { parseChannel } from './parse-channel.js';
import { type ParseOrder, type ParseReport } from './parse-channel-in-worker.js';

if (!parentPort) throw new Error('This file runs as a worker thread.');
const { address, text } = workerData as ParseOrder;
parentPort.postMessage(report());

function report(): ParseReport {
  try {
    return { kind: 'parsed', config: parseChannel(address, text) };
  } catch (error) {
    if (!(error instanceof KacheryError)) throw error;
    return { kind: 'failed', reason: error.reason, message: error.message, details: error.details };
  }
}
