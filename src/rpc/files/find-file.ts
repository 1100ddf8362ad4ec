import { type FindFileRequest, type FindFileResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { isKacheryError } from '../../core/failure.js';
import { type CallContext } from '../call-context.js';
import { ContentAccess, type ContentSources } from './content-access.js';
import { findContent } from './find-content.js';
import { resolveUri } from './resolve-uri.js';
import { parseSources } from './source-selection.js';

/** FindFile: which nodes have a file, this one first. Of a part of another file, who has that. */
export function findFile(sources: ContentSources, nodeId: string) {
  return async function* ({ uri, sources: wanted }: FindFileRequest, { signal }: CallContext): AsyncGenerator<FindFileResponse, void, undefined> {
    const access = new ContentAccess(sources, parseSources(wanted));
    const local = await findHere(sources, uri, signal);
    if (local !== undefined) yield { nodeId, isLocal: true, sizeBytes: BigInt(local), label: '' };
    if (!access.remote) return;
    const content = await resolveUri(access, uri, signal);
    try {
      for await (const { nodeId: peerId, label, file } of access.remote.fetcher.find(content.kind === 'part' ? content.parentId : content.id, {
        sources: access.remote.sources,
        signal,
      })) {
        const sizeBytes = content.kind === 'part' ? content.range.end - content.range.start : file.sizeBytes;
        yield { nodeId: peerId, isLocal: false, sizeBytes: BigInt(sizeBytes), label };
      }
    } catch (error) {
      if (local === undefined || !isKacheryError(error, 'node-unreachable')) throw error;
    }
  };
}

/** Size of the file on this node, in bytes; undefined if it is not here. */
async function findHere(sources: ContentSources, uri: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    return (await findContent(new ContentAccess(sources, undefined), uri, signal)).file.sizeBytes;
  } catch (error) {
    if (isKacheryError(error, 'file-not-found')) return undefined;
    throw error;
  }
}
