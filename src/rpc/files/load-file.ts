import { type LoadFileRequest, type LoadFileResponse, LoadState } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type FileStore, type StoredFile } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkPart } from './check-part.js';
import { fileInfo } from './file-info.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { type PartContent, resolveUri } from './resolve-uri.js';

/** LoadFile: where the file is. A part of another file is stored as a file of its own, so that it has a path. */
export function loadFile(store: FileStore) {
  return async function* ({ uri }: LoadFileRequest, { signal }: CallContext): AsyncGenerator<LoadFileResponse, void, undefined> {
    const content = await resolveUri(store, uri);
    if (content.kind === 'part') {
      yield progressOf(LoadState.LOAD_STATE_VERIFYING, content);
      await checkPart(store, content, signal);
    }
    const file = content.kind === 'part' ? await storePart(store, content, signal) : await store.find(content.id);
    if (!file) throw fileNotFound(uri);
    yield { event: { $case: 'file', value: fileInfo(file, content.label) } };
  };
}

async function storePart(store: FileStore, { id, parentId, range }: PartContent, signal: AbortSignal): Promise<StoredFile> {
  const incoming = await store.receive({ id, sizeBytes: range.end - range.start });
  try {
    for await (const piece of store.read(parentId, { ...range, signal })) await incoming.write(piece);
    return (await incoming.finish()).file;
  } catch (error) {
    await incoming.abort();
    throw error;
  }
}

function progressOf(state: LoadState, { range }: PartContent): LoadFileResponse {
  return { event: { $case: 'progress', value: { state, loadedBytes: 0n, sizeBytes: BigInt(range.end - range.start), sources: [] } } };
}
