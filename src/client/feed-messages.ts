import { isUtf8 } from 'node:buffer';

import { type MessageBatch } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { dateOf } from './date-of.js';
import { type FeedMessage, type MessageEncoding } from './feeds.js';

/** How messages are made of what comes. */
export interface MessageReading {
  readonly encoding?: MessageEncoding | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The messages of batches, each decoded when it is asked for. Fails with `invalid-argument` at one that is not JSON, and with `cancelled`. */
export function* feedMessages(batches: readonly MessageBatch[], { encoding = 'json', signal }: MessageReading): Generator<FeedMessage, void, undefined> {
  for (const { messages, position: first, appendedAt: time, submitterNodeId: submitter } of batches) {
    const appendedAt = dateOf(time);
    const submitterNodeId = submitter === '' ? undefined : submitter;
    let position = Number(first);
    for (const bytes of messages) {
      throwIfCancelled(signal);
      yield { position, value: encoding === 'bytes' ? bytes : decode(bytes, position), appendedAt, submitterNodeId };
      position += 1;
    }
  }
}

/** Invalid UTF-8 is decoded to the replacement character; only where one stands it has to be looked for. */
function decode(bytes: Buffer, position: number): unknown {
  const text = bytes.toString();
  try {
    if (text.includes('\ufffd') && !isUtf8(bytes)) throw new SyntaxError('it is not UTF-8');
    return JSON.parse(text);
  } catch (error) {
    const problem = `The message at position ${String(position)} is not JSON. Read it with the option encoding: 'bytes', or go on behind it.`;
    throw new KacheryError('invalid-argument', problem, { position: String(position) }, { cause: error });
  }
}
