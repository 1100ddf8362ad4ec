import { type KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';

const bytesPerResult = 16;

/** As many results of ReadFiles go into a message: contents, or why there are none. */
export const messageBounds = {
  maxBytes: limits.dataMessageBytes,
  sizeBytesOf: (outcome: Buffer | KacheryError | undefined): number =>
    bytesPerResult + (Buffer.isBuffer(outcome) ? outcome.byteLength : (outcome?.message.length ?? 0)),
};
