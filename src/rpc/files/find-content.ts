import { type StoredFile, type FileStore } from '../../storage/file-store.js';
import { checkPart } from './check-part.js';
import { fileNotFound } from '../../core/file-not-found.js';
import { resolveUri } from './resolve-uri.js';

/** A file that is here, and the label that the URI gave it. */
export interface FoundContent {
  readonly file: StoredFile;
  readonly label: string;
}

/**
 * The file that a URI names. One that is here only as a part of another file has an empty path, for no file holds it alone. Fails as resolveUri, and with
 * `file-not-found`, `content-corrupt`.
 */
export async function findContent(store: FileStore, uri: string, signal: AbortSignal): Promise<FoundContent> {
  const content = await resolveUri(store, uri);
  const { id, label } = content;
  if (content.kind === 'part') {
    const parent = await store.find(content.parentId);
    if (!parent) throw fileNotFound(uri);
    await checkPart(store, content, signal);
    const { location } = parent;
    return { file: { id, sizeBytes: content.range.end - content.range.start, location, path: '' }, label };
  }
  const file = await store.find(id);
  if (!file) throw fileNotFound(uri);
  return { file, label };
}
