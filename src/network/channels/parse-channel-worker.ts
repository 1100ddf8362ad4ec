import { KacheryError } from '../../core/failure.js';
import { parseChannel } from './parse-channel.js';
import { type ParseOrder, type ParseReport } from './parse-channel-apart.js';

// The whole life of a process that parseChannelApart starts.
process.once('message', (order: ParseOrder) => {
  process.send?.(report(order), undefined, undefined, () => {
    process.disconnect();
  });
});

function report({ address, text }: ParseOrder): ParseReport {
  try {
    return { kind: 'parsed', config: parseChannel(address, text) };
  } catch (error) {
    if (!(error instanceof KacheryError)) throw error;
    return { kind: 'failed', reason: error.reason, message: error.message, details: error.details };
  }
}
