import { type LoadFileRequest, type LoadFileResponse, LoadState } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { isKacheryError } from '../../core/failure.js';
import { type FileStore, type StoredFile } from '../../storage/file-store.js';
import { type LoadProgress } from '../../transfer/load-event.js';
import { type CallContext } from '../call-context.js';

import { fileInfo } from './file-info.js';
import { ReachableFiles, type RemoteFiles } from './reachable-files.js';
import { requestedSources } from './requested-sources.js';
import { type PartContent, resolveUri, type WholeContent } from './resolve-uri.js';
import { storePart } from './store-part.js';

const states: Readonly<Record<LoadProgress['state'], LoadState>> = {
  finding: LoadState.LOAD_STATE_FINDING,
  connecting: LoadState.LOAD_STATE_CONNECTING,
  downloading: LoadState.LOAD_STATE_DOWNLOADING,
  verifying: LoadState.LOAD_STATE_VERIFYING,
  waiting: LoadState.LOAD_STATE_WAITING,
};

/** LoadFile: where the file is, brought here if it is not. A part of another file is stored as a file of its own, so that it has a path. */
export function loadFile(store: FileStore, remote: RemoteFiles | undefined) {
  return async function* (request: LoadFileRequest, { signal }: CallContext): AsyncGenerator<LoadFileResponse, void, undefined> {
    const files = new ReachableFiles(store, remote, requestedSources(request.sources), signal);
    const content = await resolveUri(files, request.uri);
    if (content.kind === 'part') {
      yield verifying(content);
      yield loaded(await storePart(store, files, content, signal), content);
      return;
    }
    const file = await files.find(content.id);
    if (file) yield loaded(file, content);
    else yield* fetchWhole(store, files, content, { uri: request.uri, signal });
  };
}

async function* fetchWhole(
  store: FileStore,
  { elsewhere }: ReachableFiles,
  content: WholeContent,
  { uri, signal }: { readonly uri: string; readonly signal: AbortSignal },
): AsyncGenerator<LoadFileResponse, void, undefined> {
  if (!elsewhere) throw fileNotFound(uri);
  const { id, manifestId } = content;
  try {
    for await (const event of elsewhere.remote.load({ id, manifestId, uri }, { sources: elsewhere.sources, signal })) {
      yield event.kind === 'file' ? loaded(event.file, content) : told(event);
    }
  } catch (error) {
    // If nobody else has it either, what is wrong with the link that is here counts.
    if (isKacheryError(error, 'file-not-found')) await store.find(id);
    throw error;
  }
}

function loaded(file: StoredFile, { label }: { readonly label: string }): LoadFileResponse {
  return { event: { $case: 'file', value: fileInfo(file, label) } };
}

function told({ state, loadedBytes, sizeBytes, sources }: LoadProgress): LoadFileResponse {
  const from = sources.map((source) => ({
    ...source,
    loadedBytes: BigInt(source.loadedBytes),
    bytesPerSecond: BigInt(Math.round(source.bytesPerSecond)),
  }));
  return { event: { $case: 'progress', value: { state: states[state], loadedBytes: BigInt(loadedBytes), sizeBytes: BigInt(sizeBytes), sources: from } } };
}

function verifying({ range }: PartContent): LoadFileResponse {
  const value = { state: LoadState.LOAD_STATE_VERIFYING, loadedBytes: 0n, sizeBytes: BigInt(range.end - range.start), sources: [] };
  return { event: { $case: 'progress', value } };
}
