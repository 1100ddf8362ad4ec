import { type ContentId } from '../core/content-id.js';
import { limits } from '../core/limits.js';
import { type Piece } from './piece.js';

/** Content that is to be sent and can be read again from any offset. */
export interface UploadSource {
  readonly id: ContentId;
  readonly sizeBytes: number;
  /** The bytes from `offset` to the end. */
  pieces(offset: number): AsyncIterable<Piece>;
}

/** The bytes of a buffer from `offset` on, in pieces that fit into messages. */
export async function* piecesOf(content: Uint8Array, offset: number): AsyncGenerator<Piece, void, undefined> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  for (let start = offset; start < bytes.byteLength; start += limits.dataMessageBytes) {
    yield { data: bytes.subarray(start, start + limits.dataMessageBytes), headroomBytes: 0 };
  }
}
