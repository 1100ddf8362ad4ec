import { addAbortSignal, PassThrough, pipeline, type Readable } from 'node:stream';

import { KacheryError } from '../../../core/failure.js';
import { limits } from '../../../core/limits.js';
import { encodeMessage } from './encode-message.js';
import { type MessageBatch } from './message-batch.js';

const readAheadBytes = limits.maxFeedMessageBytes;
const lineFeed = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The messages that a stream brings as lines of JSON. A batch has the lines that came while the one before was worked on, so that what comes slowly is not kept
 * waiting; lines of white space are passed over. Fails with `invalid-argument` at a line that is no message; the batch that it would be in is not given out.
 */
export async function* readMessageLines(input: Readable, signal: AbortSignal): AsyncGenerator<MessageBatch, void, undefined> {
  let line = 0;
  for await (const lines of groupsOfLines(input, signal)) {
    let [messages, first]: [Uint8Array[], number] = [[], line + 1];
    for (const bytes of lines) {
      line += 1;
      const text = textOf(bytes, line);
      if (text === '') continue;
      messages.push(encodeMessage(text, `line ${String(line)}`));
      if (messages.length < limits.maxAppendMessages) continue;
      yield { messages, first, last: line };
      [messages, first] = [[], line + 1];
    }
    if (messages.length > 0) yield { messages, first, last: line };
  }
}

/**
 * The lines of a stream, together those that have come meanwhile, which are less than may be appended at once. A line that is too long for a message comes as
 * far as it was read, and is the last.
 */
async function* groupsOfLines(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer[], void, undefined> {
  const ahead = new PassThrough({ highWaterMark: readAheadBytes });
  pipeline(addAbortSignal(signal, input), ahead, () => undefined);
  let rest = Buffer.alloc(0);
  try {
    for await (const piece of ahead as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, piece]);
      const end = rest.lastIndexOf(lineFeed) + 1;
      if (end > 0) yield linesOf(rest.subarray(0, end));
      rest = rest.subarray(end);
      if (rest.length > limits.maxFeedMessageBytes) break;
    }
  } catch (error) {
    throw signal.aborted ? new KacheryError('cancelled', 'Interrupted while messages were read.', {}, { cause: error }) : error;
  }
  if (rest.length > 0) yield [rest];
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0, end: number; start < bytes.length; start = end) {
    end = bytes.indexOf(lineFeed, start) + 1;
    lines.push(bytes.subarray(start, end));
  }
  return lines;
}

function textOf(bytes: Buffer, line: number): string {
  try {
    return utf8.decode(bytes).trim();
  } catch (error) {
    const place = `line ${String(line)}`;
    throw new KacheryError('invalid-argument', `${place} is not UTF-8.`, { field: place }, { cause: error });
  }
}
