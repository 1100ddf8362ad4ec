import { varintSize, writeVarint } from './varint.js';

/** What ReadFilesResponse of both services has in common, of what matters here. */
export interface SmallContents {
  readonly results: readonly { readonly outcome?: { readonly $case: 'content'; readonly value: Uint8Array } | { readonly $case: string } | undefined }[];
}

/** Field 1 of both the response (a result) and the result (its content), with a length. */
const tag = 0x0a;

/** As `ReadFilesResponse.encode` of either service, at a fraction of its copies, if all results are contents; undefined for every other message. */
export function encodeSmallContents({ results }: SmallContents): Buffer | undefined {
  const contents: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const { outcome } of results) {
    if (outcome?.$case !== 'content' || !('value' in outcome)) return undefined;
    contents.push(outcome.value);
    const innerBytes = fieldBytes(outcome.value.byteLength);
    sizeBytes += fieldBytes(innerBytes);
  }
  const message = Buffer.allocUnsafeSlow(sizeBytes);
  let position = 0;
  for (const content of contents) {
    message[position] = tag;
    position = writeVarint(message, position + 1, fieldBytes(content.byteLength));
    message[position] = tag;
    position = writeVarint(message, position + 1, content.byteLength);
    message.set(content, position);
    position += content.byteLength;
  }
  return message;
}

/**
 * The contents in a ReadFilesResponse of either service, as views on it, if its results are nothing but contents in their usual encoding. Undefined for every
 * other message, valid or not: the generated codec reads those.
 */
export function decodeSmallContents(message: Buffer): Buffer[] | undefined {
  const contents: Buffer[] = [];
  let position = 0;
  while (position < message.byteLength) {
    const result = readField(message, position);
    if (!result) return undefined;
    const content = readField(message, result.start);
    if (content?.end !== result.end) return undefined;
    contents.push(message.subarray(content.start, content.end));
    position = result.end;
  }
  return contents;
}

function fieldBytes(valueBytes: number): number {
  return 1 + varintSize(valueBytes) + valueBytes;
}

/** Where the value of the field that begins here is, if that is field 1 and lies within the message. */
function readField(message: Buffer, position: number): { readonly start: number; readonly end: number } | undefined {
  if (message[position] !== tag) return undefined;
  let length = 0;
  for (let at = position + 1; at <= position + 4; at++) {
    const byte = message[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * (at - position - 1));
    if (byte >= 0x80) continue;
    const end = at + 1 + length;
    return end <= message.byteLength ? { start: at + 1, end } : undefined;
  }
  return undefined;
}
