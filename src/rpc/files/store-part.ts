import { type FileStore, type StoredFile } from '../../storage/file-store.js';
import { checkPart } from './check-part.js';
import { type ReachableFiles } from './reachable-files.js';
import { type PartContent } from './resolve-uri.js';

/** Stores a part of another file as a file of its own, once it has the hash that its URI claims. Fails as checkPart, and as FileStore.receive. */
export async function storePart(store: FileStore, files: ReachableFiles, part: PartContent, signal: AbortSignal): Promise<StoredFile> {
  await checkPart(files, part, signal);
  const { id, parentId, range } = part;
  const incoming = await store.receive({ id, sizeBytes: range.end - range.start });
  try {
    for await (const piece of files.read(parentId, { ...range, signal, isCheckedByCaller: true })) await incoming.write(piece);
    return (await incoming.finish()).file;
  } catch (error) {
    await incoming.abort();
    throw error;
  }
}
