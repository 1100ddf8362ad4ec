import { type FindFileRequest, type FindFileResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { isKacheryError } from '../../core/failure.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { findContent } from './find-content.js';
import { ReachableFiles, type RemoteFiles } from './reachable-files.js';
import { requestedSources } from './requested-sources.js';
import { resolveUri } from './resolve-uri.js';

/** What FindFile looks in. */
export interface FileSearch {
  readonly store: FileStore;
  readonly remote: RemoteFiles | undefined;
  /** Id of this node. */
  readonly nodeId: string;
}

/** FindFile: who has a file, this node first. */
export function findFile({ store, remote, nodeId }: FileSearch) {
  return async function* ({ uri, sources }: FindFileRequest, { signal }: CallContext): AsyncGenerator<FindFileResponse, void, undefined> {
    const files = new ReachableFiles(store, remote, requestedSources(sources), signal);
    const sizeHere = await sizeIfHere(store, uri, signal, files.elsewhere !== undefined);
    if (sizeHere !== undefined) yield { nodeId, isLocal: true, sizeBytes: BigInt(sizeHere), label: '' };
    if (!files.elsewhere) return;
    const content = await resolveUri(files, uri);
    const options = { sources: files.elsewhere.sources, signal };
    try {
      for await (const { nodeId: found, label, file } of files.elsewhere.remote.find(content.id, options)) {
        yield { nodeId: found, isLocal: false, sizeBytes: BigInt(file.sizeBytes), label };
      }
    } catch (error) {
      if (sizeHere === undefined || !isKacheryError(error, 'node-unreachable')) throw error;
    }
  };
}

/** A copy that is damaged is none where others are asked, too. */
async function sizeIfHere(store: FileStore, uri: string, signal: AbortSignal, othersAreAsked: boolean): Promise<number | undefined> {
  try {
    return (await findContent(store, uri, signal)).file.sizeBytes;
  } catch (error) {
    if (isKacheryError(error, 'file-not-found') || (othersAreAsked && isKacheryError(error, 'content-corrupt'))) return undefined;
    throw error;
  }
}
