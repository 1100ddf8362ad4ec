import { type BigIntStats, constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { cancelled, throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { emptyContentIndex } from '../storage/content-index.js';
import { contentCorrupt, ContentReader } from '../storage/content-reader.js';
import { type StoredFile } from '../storage/file-store.js';
import { StorageLayout } from '../storage/layout.js';
import { isLinkValid, parseLinkRecord } from '../storage/link-record.js';
import { systemErrorCode } from '../storage/system-failure.js';
import { type RangeOptions } from './kachery-client.js';
import { readOwnedText } from './read-owned-text.js';

// Whoever wrote the directory keeps its index.
const reader = new ContentReader(emptyContentIndex, undefined);

/** A storage directory to read from only, without opening it. It need not be writable, nor be there. */
export class StorageView {
  private readonly layout: StorageLayout;

  constructor(readonly dir: string) {
    this.layout = new StorageLayout(dir);
  }

  /** The file, if it is here and may be read. Fails with `content-corrupt` if it is a link whose file has changed. */
  async find(id: ContentId): Promise<StoredFile | undefined> {
    const path = this.layout.contentPath(id);
    const stats = await statIfReadable(path);
    return stats?.isFile() ? { id, path, sizeBytes: Number(stats.size), location: 'stored' } : this.findLinked(id);
  }

  private async findLinked(id: ContentId): Promise<StoredFile | undefined> {
    const record = parseLinkRecord(await readFile(this.layout.linkPath(id), 'utf8').catch(() => ''));
    if (!record) return undefined;
    const { path, sizeBytes, manifestId } = record;
    const stats = await statIfReadable(path);
    if (!stats || !isLinkValid(record, stats)) throw contentCorrupt({ id, path, location: 'linked' });
    return { id, path, sizeBytes, location: 'linked', ...(manifestId && { manifestId }) };
  }
}

/** Id of the node that a storage directory belongs to; undefined if it is none that can be read. */
export async function nodeIdOf(storageDir: string): Promise<string | undefined> {
  return (await readOwnedText(join(storageDir, 'kachery-node-id')))?.text;
}

/** The bytes of a range of a file that a {@link StorageView} found. Fails as FileStore.read, and with `cancelled`. */
export async function* readStored(file: StoredFile, { start = 0, end, signal, onProgress }: RangeOptions): AsyncGenerator<Buffer, void, undefined> {
  throwIfCancelled(signal);
  const sizeBytes = (end ?? file.sizeBytes) - start;
  let doneBytes = 0;
  for await (const piece of reader.read(file, { start, ...(end === undefined ? {} : { end }) })) {
    if (signal?.aborted) throw cancelled(signal);
    doneBytes += piece.byteLength;
    onProgress?.({ state: 'reading', doneBytes, sizeBytes });
    yield piece;
  }
}

async function statIfReadable(path: string): Promise<BigIntStats | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    await access(path, constants.R_OK);
    return stats;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
