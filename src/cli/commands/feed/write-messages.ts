import { type Subfeed } from '../../../client/feeds.js';
import { type FailureReason, isKacheryError, KacheryError } from '../../../core/failure.js';
import { type CommandContext } from '../../command-context.js';
import { selectSubfeed, type SubfeedFlags } from '../../subfeed-selection.js';
import { ToldFailure } from '../../told-failure.js';
import { withClient } from '../../with-client.js';
import { encodeMessage } from './encode-message.js';
import { loadSubfeed } from './load-subfeed.js';
import { type MessageBatch } from './message-batch.js';
import { readMessageLines } from './read-message-lines.js';

/** Messages to be written, as typed; those of standard input if `texts` is empty or `-`. */
export interface GivenMessages {
  readonly feed: string;
  readonly flags: SubfeedFlags;
  readonly texts: readonly string[];
}

/** Writes one batch and resolves with the position of its first message. `length` is that of the subfeed behind the batch before; undefined for the first. */
export type WriteBatch = (subfeed: Subfeed, messages: readonly Uint8Array[], length: number | undefined) => Promise<number>;

/** What a command has written. */
interface Written {
  readonly position: number;
  readonly appended: number;
  readonly length: number;
}

/** After these, nobody knows whether the daemon has done what it was asked for. */
const uncertainReasons: readonly FailureReason[] = ['daemon-not-running', 'daemon-stopping', 'deadline-exceeded', 'cancelled', 'internal'];

/**
 * Writes messages to a subfeed, batch after batch, and tells how many were written from which position on, also when it fails. A failure says from where on
 * nothing was written.
 */
export async function writeMessages({ feed, flags, texts }: GivenMessages, context: CommandContext, write: WriteBatch): Promise<void> {
  const { output, signal, stdin } = context;
  const selected = selectSubfeed(feed, flags);
  const isFromLines = texts.length === 0 || (texts.length === 1 && texts[0] === '-');
  const batches = isFromLines ? readMessageLines(stdin, signal) : [batchOf(texts)];
  await withClient(context, async (client) => {
    const subfeed = await loadSubfeed(client, selected, signal);
    let written: Written | undefined;
    let underWay: MessageBatch | undefined;
    let next = 1;
    try {
      for await (const batch of batches) {
        underWay = batch;
        const position = await write(subfeed, batch.messages, written?.length);
        const count = batch.messages.length;
        written = { position: written?.position ?? position, appended: (written?.appended ?? 0) + count, length: position + count };
        underWay = undefined;
        next = batch.last + 1;
      }
    } catch (error) {
      if (written !== undefined) await output.result({ uri: subfeed.uri, ...written }, describe(subfeed.uri, written));
      throw isFromLines ? explained(error, next, underWay, context) : error;
    }
    await output.result({ uri: subfeed.uri, ...(written ?? { appended: 0 }) }, describe(subfeed.uri, written));
  });
}

/** The messages of the arguments: one batch, so that all of them are written or none. */
function batchOf(texts: readonly string[]): MessageBatch {
  const messages = texts.map((text, index) => encodeMessage(text, `message ${String(index + 1)}`));
  return { messages, first: 1, last: texts.length };
}

/** What failed, and which lines are left. That is told also of an interruption, of which nobody needs to be told otherwise. */
function explained(error: unknown, next: number, underWay: MessageBatch | undefined, { output }: CommandContext): unknown {
  if (!isKacheryError(error)) return error;
  const isUncertain = underWay !== undefined && uncertainReasons.includes(error.reason);
  const left = isUncertain
    ? `Whether lines ${String(underWay.first)} to ${String(underWay.last)} were appended is not known; nothing behind them was.`
    : `Nothing from line ${String(next)} on was appended.`;
  const failure = new KacheryError(error.reason, `${error.message} ${left}`, error.details, { cause: error });
  if (!isUncertain || error.reason !== 'cancelled') return failure;
  output.failure(failure);
  return new ToldFailure(failure);
}

function describe(uri: string, { appended, position }: Partial<Written> = {}): string {
  const from = position === undefined ? '' : `, from position ${String(position)} on`;
  return `${String(appended ?? 0)} messages appended to ${uri}${from}`;
}
