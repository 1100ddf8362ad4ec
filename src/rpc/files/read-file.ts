import { type ReadFileRequest } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type ByteRange, resolveByteRange } from '../../core/byte-range.js';
import { type ReadOptions } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { type ReadBuffers } from '../../storage/read-buffers.js';
import { fieldHeadroomBytes } from '../codec/bytes-field.js';
import { type OutgoingReadFileResponse } from '../codec/read-file-response-codec.js';
import { type TransferRegistry } from '../transfer-registry.js';
import { frameHeadroomBytes } from '../interceptors/frame-in-place.js';
import { checkPart } from './check-part.js';
import { ContentAccess, type ContentSources, type NamedContent } from './content-access.js';
import { parentOf, type PartContent, resolveUri } from './resolve-uri.js';
import { parseSources } from './source-selection.js';

/** Room before each piece for its field's header and, before that, for the frame of its message. */
const pieceHeadroomBytes = fieldHeadroomBytes + frameHeadroomBytes;

/** ReadFile: the bytes of a range, piece by piece. The piece of a message that was sent may be released to `buffers`. */
export function readFile(sources: ContentSources, transfers: TransferRegistry, buffers: ReadBuffers) {
  return async function* (request: ReadFileRequest, { signal }: CallContext): AsyncGenerator<OutgoingReadFileResponse, void, undefined> {
    const access = new ContentAccess(sources, parseSources(request.sources));
    const { content, range } = await locate(access, request, signal);
    const transfer = transfers.begin('read', request.uri, range.end === undefined ? 0 : range.end - range.start);
    try {
      for await (const data of access.read(content, { ...range, signal, headroomBytes: pieceHeadroomBytes, buffers })) {
        const sizeBytes = data.byteLength;
        yield { data, headroomBytes: pieceHeadroomBytes };
        transfer.add(sizeBytes);
      }
      transfer.end('done');
    } finally {
      transfer.end('failed');
    }
  };
}

type OpenRange = Pick<ReadOptions, 'start' | 'end'> & { readonly start: number };

async function locate(access: ContentAccess, request: ReadFileRequest, signal: AbortSignal): Promise<{ content: NamedContent; range: OpenRange }> {
  const wanted = requestedRange(request);
  const content = await resolveUri(access, request.uri, signal);
  if (content.kind === 'whole') return { content: { id: content.id, manifestId: content.manifestId, uri: request.uri }, range: wanted };
  const range = rangeInParent(content, wanted);
  await checkPart(access, content, signal);
  return { content: { ...parentOf(content), uri: request.uri }, range };
}

function rangeInParent({ range: part }: PartContent, { start, end }: OpenRange): ByteRange {
  const within = resolveByteRange(start, end, part.end - part.start);
  return { start: part.start + within.start, end: part.start + within.end };
}

/** A number beyond what JavaScript counts exactly is beyond the end of any file, too. */
function requestedRange({ offset, length }: ReadFileRequest): OpenRange {
  const clamp = (value: bigint): number => Math.min(Number(value), Number.MAX_SAFE_INTEGER);
  return length === 0n ? { start: clamp(offset) } : { start: clamp(offset), end: clamp(offset + length) };
}
