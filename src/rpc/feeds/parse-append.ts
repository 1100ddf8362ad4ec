import { type AppendMessagesRequest, type SubmitMessagesRequest } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type AppendRequest } from '../../feeds/feed-store.js';
import { checkBatch } from '../files/check-batch.js';
import { parsePosition } from '../position.js';
import { parseSubfeed } from './parse-subfeed.js';

/** What is to be appended. Fails with `invalid-argument`, `invalid-hash` and `too-large`. */
export function parseAppend(request: SubmitMessagesRequest & Partial<AppendMessagesRequest>): AppendRequest {
  const { subfeed, messages, expectedLength, requestId } = request;
  checkMessages(messages);
  return {
    ...parseSubfeed(subfeed),
    messages,
    ...(expectedLength !== undefined && { expectedLength: parsePosition(expectedLength, 'expected_length') }),
    ...(requestId !== undefined && { requestId: checkRequestId(requestId) }),
  };
}

function checkMessages(messages: readonly Buffer[]): void {
  if (messages.length === 0) throw new KacheryError('invalid-argument', 'There is no message to append.', { field: 'messages' });
  checkBatch(messages.length, limits.maxAppendMessages, 'messages');
  let totalBytes = 0;
  for (const [index, { byteLength }] of messages.entries()) {
    totalBytes += byteLength;
    if (byteLength > limits.maxFeedMessageBytes) {
      throw tooLarge(
        `Message ${String(index)} has ${String(byteLength)} bytes`,
        limits.maxFeedMessageBytes,
        byteLength,
        'Store it as a file and append its URI.',
      );
    }
  }
  if (totalBytes > limits.maxAppendBytes) {
    throw tooLarge(`The messages have ${String(totalBytes)} bytes together`, limits.maxAppendBytes, totalBytes, 'Append them in several requests.');
  }
}

function tooLarge(what: string, limit: number, actual: number, advice: string): KacheryError {
  return new KacheryError('too-large', `${what}; at most ${String(limit)} are allowed. ${advice}`, { limit: String(limit), actual: String(actual) });
}

function checkRequestId(requestId: string): string {
  if (/^[A-Za-z0-9_-]{16,64}$/.test(requestId)) return requestId;
  throw new KacheryError('invalid-argument', `${quoted(requestId)} is not a request_id: 16 to 64 letters, digits, "-" and "_" are needed.`, {
    field: 'request_id',
  });
}
