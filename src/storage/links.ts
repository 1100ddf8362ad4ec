import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ContentId } from '../core/content-id.js';
import { contentCorrupt } from './content-reader.js';
import { type StoredFile } from './file-store.js';
import { type StorageLayout } from './layout.js';
import { formatLinkRecord, isLinkValid, type LinkRecord, parseLinkRecord } from './link-record.js';
import { type Publisher, syncFolder } from './publisher.js';
import { localFileFailure, storageFailure, systemErrorCode } from './system-failure.js';

/** The files of a store that are elsewhere: the records beside the places where their copies would be. */
export class Links {
  constructor(
    private readonly layout: StorageLayout,
    private readonly publisher: Publisher,
  ) {}

  /** The linked file, or undefined. Fails with `content-corrupt` if it is not as it was when it was linked. */
  async find(id: ContentId): Promise<StoredFile | undefined> {
    const record = await this.read(id);
    if (!record) return undefined;
    const stats = await stat(record.path, { bigint: true }).catch(() => undefined);
    if (!stats || !isLinkValid(record, stats)) throw contentCorrupt({ id, path: record.path, location: 'linked' });
    return linkedFile(id, record);
  }

  /** The linked file as its record tells of it, however it is now; undefined if no record can be read. */
  async describe(id: ContentId): Promise<StoredFile | undefined> {
    const record = await this.read(id).catch(() => undefined);
    return record && linkedFile(id, record);
  }

  /** Links a file, durably; `temporaryPath` is a new one in the storage directory. */
  async write(id: ContentId, record: LinkRecord, temporaryPath: string): Promise<StoredFile> {
    try {
      const file = await open(temporaryPath, 'wx', 0o644);
      try {
        await file.writeFile(formatLinkRecord(record));
        await file.sync();
      } finally {
        await file.close();
      }
      await this.publisher.makeFolders(id);
      await rename(temporaryPath, this.layout.linkPath(id));
      await syncFolder(dirname(this.layout.linkPath(id)));
      return linkedFile(id, record);
    } catch (error) {
      await unlink(temporaryPath).catch(() => undefined);
      throw storageFailure(error, this.layout.dir);
    }
  }

  private async read(id: ContentId): Promise<LinkRecord | undefined> {
    try {
      return parseLinkRecord(await readFile(this.layout.linkPath(id), 'utf8'));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw localFileFailure(error, this.layout.linkPath(id));
    }
  }
}

function linkedFile(id: ContentId, { path, sizeBytes, manifestId }: LinkRecord): StoredFile {
  return { id, sizeBytes, location: 'linked', path, ...(manifestId && { manifestId }) };
}
