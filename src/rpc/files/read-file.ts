import { type ReadFileRequest } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type ByteRange, resolveByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { isKacheryError } from '../../core/failure.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { type ReadBuffers } from '../../storage/read-buffers.js';
import { type OutgoingReadFileResponse } from '../codec/read-file-response-codec.js';
import { type TransferRegistry } from '../transfer-registry.js';
import { checkPart } from './check-part.js';
import { pieceHeadroomBytes } from './piece-headroom-bytes.js';
import { type NamedContent, ReachableFiles, type RemoteFiles } from './reachable-files.js';
import { type OpenRange, requestedRange } from './requested-range.js';
import { requestedSources } from './requested-sources.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { type PartContent, resolveUri } from './resolve-uri.js';
import { storePart } from './store-part.js';

/** What ReadFile works with. */
export interface FileReading {
  readonly store: FileStore;
  readonly remote: RemoteFiles | undefined;
  readonly transfers: TransferRegistry;
  readonly buffers: ReadBuffers;
}

/** ReadFile: the bytes of a range, piece by piece. The piece of a message that was sent may be released to `buffers`. */
export function readFile({ store, remote, transfers, buffers }: FileReading) {
  return async function* (request: ReadFileRequest, { signal }: CallContext): AsyncGenerator<OutgoingReadFileResponse, void, undefined> {
    const files = new ReachableFiles(store, remote, requestedSources(request.sources), signal);
    const { id, range, manifestId, uri } = await locate(store, files, request, signal);
    const transfer = transfers.begin('read', request.uri, range.end === undefined ? 0 : range.end - range.start);
    try {
      for await (const data of files.read(id, { ...range, signal, headroomBytes: pieceHeadroomBytes, buffers, manifestId, uri })) {
        const sizeBytes = data.byteLength;
        yield { data, headroomBytes: pieceHeadroomBytes };
        transfer.add(sizeBytes);
      }
      transfer.end('done');
    } catch (error) {
      throw isKacheryError(error, 'file-not-found') && !files.elsewhere ? fileNotFound(request.uri) : error;
    } finally {
      transfer.end('failed');
    }
  };
}

/** Where the bytes of a range are, and which they are there. */
interface LocatedRange extends NamedContent {
  readonly id: ContentId;
  readonly range: OpenRange;
}

async function locate(store: FileStore, files: ReachableFiles, request: ReadFileRequest, signal: AbortSignal): Promise<LocatedRange> {
  const wanted = requestedRange(request);
  const content = await resolveUri(files, request.uri);
  if (content.kind === 'whole') return { id: content.id, manifestId: content.manifestId, uri: request.uri, range: wanted };
  const range = rangeInParent(content, wanted);
  if (await files.find(content.parentId)) {
    await checkPart(files, content, signal);
    return { id: content.parentId, range };
  }
  // Of a file that is elsewhere a part can be trusted by its own hash alone, and only as long as it is looked at.
  await storePart(store, files, content, signal);
  return { id: content.id, uri: request.uri, range: wanted };
}

function rangeInParent({ range: part }: PartContent, { start, end }: OpenRange): ByteRange {
  const within = resolveByteRange(start, end, part.end - part.start);
  return { start: part.start + within.start, end: part.start + within.end };
}
