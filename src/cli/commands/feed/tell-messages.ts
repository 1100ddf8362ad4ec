import { type FeedMessage } from '../../../client/feeds.js';
import { KacheryError } from '../../../core/failure.js';
import { LineWriter } from '../../line-writer.js';
import { oneLineJson } from '../../one-line-json.js';
import { type Output } from '../../output.js';
import { readableJson } from '../../readable-json.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Tells messages that were read as bytes, each on a line: as the JSON that it is or, for programs, with position, time and the node that submitted it. One that
 * is not JSON is told to programs in base64; to people it is an `invalid-argument`.
 */
export async function tellMessages(messages: AsyncIterable<FeedMessage>, output: Output): Promise<void> {
  const lines = new LineWriter(output);
  const lineOf = output.json ? lineWithFacts : lineOfMessage;
  try {
    for await (const message of messages) await lines.add(lineOf(message));
  } finally {
    await lines.flush();
  }
}

function lineOfMessage({ value, position }: FeedMessage): string {
  const json = jsonOf(value as Uint8Array);
  if (json !== undefined) return readableJson(json);
  const problem = `The message at position ${String(position)} is not JSON. With --json such messages are told in base64; --position ${String(position + 1)} goes on behind it.`;
  throw new KacheryError('invalid-argument', problem, { position: String(position) });
}

function lineWithFacts({ position, appendedAt, submitterNodeId, value }: FeedMessage): string {
  const submitter = submitterNodeId === undefined ? 'null' : `"${submitterNodeId}"`;
  const bytes = value as Uint8Array;
  const json = jsonOf(bytes);
  const message = json === undefined ? `"base64":"${Buffer.from(bytes).toString('base64')}"` : `"message":${oneLineJson(json)}`;
  return `{"position":${String(position)},"timestamp":"${appendedAt.toISOString()}","submitter":${submitter},${message}}`;
}

/** The text of a message; undefined if it is not JSON. */
function jsonOf(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}
