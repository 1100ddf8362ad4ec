import { type LoadFileRequest, type LoadFileResponse, LoadState } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type StoredFile } from '../../storage/file-store.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { type LoadProgress, type LoadState as FetchState } from '../../transfer/load-event.js';
import { type CallContext } from '../call-context.js';
import { checkPart } from './check-part.js';
import { ContentAccess, type ContentSources } from './content-access.js';
import { fileInfo } from './file-info.js';
import { parentOf, type PartContent, resolveUri, type WholeContent } from './resolve-uri.js';
import { parseSources } from './source-selection.js';

const loadStates: Readonly<Record<FetchState, LoadState>> = {
  finding: LoadState.LOAD_STATE_FINDING,
  connecting: LoadState.LOAD_STATE_CONNECTING,
  downloading: LoadState.LOAD_STATE_DOWNLOADING,
  verifying: LoadState.LOAD_STATE_VERIFYING,
  waiting: LoadState.LOAD_STATE_WAITING,
};

/** LoadFile: where the file is, brought here if it is not. A part of another file is stored as a file of its own, so that it has a path. */
export function loadFile(sources: ContentSources) {
  return async function* (request: LoadFileRequest, { signal }: CallContext): AsyncGenerator<LoadFileResponse, void, undefined> {
    const access = new ContentAccess(sources, parseSources(request.sources));
    const content = await resolveUri(access, request.uri, signal);
    const file = content.kind === 'part' ? yield* loadPart(access, content, signal) : yield* loadWhole(access, content, { uri: request.uri, signal });
    yield { event: { $case: 'file', value: fileInfo(file, content.label) } };
  };
}

async function* loadWhole(
  access: ContentAccess,
  content: WholeContent,
  { uri, signal }: { readonly uri: string; readonly signal: AbortSignal },
): AsyncGenerator<LoadFileResponse, StoredFile, undefined> {
  const file = (await access.isHere(content.id)) ? await access.store.find(content.id) : undefined;
  if (file) return file;
  const { fetcher, sources } = access.remote ?? {};
  if (!fetcher) throw fileNotFound(uri);
  for await (const event of fetcher.load({ id: content.id, manifestId: content.manifestId, uri }, { sources, signal })) {
    if (event.kind === 'file') return event.file;
    yield { event: { $case: 'progress', value: progressMessage(event) } };
  }
  throw fileNotFound(uri);
}

async function* loadPart(access: ContentAccess, content: PartContent, signal: AbortSignal): AsyncGenerator<LoadFileResponse, StoredFile, undefined> {
  const sizeBytes = BigInt(content.range.end - content.range.start);
  yield { event: { $case: 'progress', value: { state: LoadState.LOAD_STATE_VERIFYING, loadedBytes: 0n, sizeBytes, sources: [] } } };
  await checkPart(access, content, signal);
  return storePart(access, content, signal);
}

async function storePart(access: ContentAccess, part: PartContent, signal: AbortSignal): Promise<StoredFile> {
  const { id, range } = part;
  const incoming = await access.store.receive({ id, sizeBytes: range.end - range.start });
  try {
    for await (const piece of access.read(parentOf(part), { ...range, signal })) await incoming.write(piece);
    return (await incoming.finish()).file;
  } catch (error) {
    await incoming.abort();
    throw error;
  }
}

function progressMessage({ state, loadedBytes, sizeBytes, sources }: LoadProgress) {
  return {
    state: loadStates[state],
    loadedBytes: BigInt(loadedBytes),
    sizeBytes: BigInt(sizeBytes),
    sources: sources.map((source) => ({ ...source, loadedBytes: BigInt(source.loadedBytes), bytesPerSecond: BigInt(source.bytesPerSecond) })),
  };
}
