import { chmod, open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock } from '../core/clock.js';
import { parseContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { hasManifest } from '../core/manifest.js';
import { limits } from '../core/limits.js';
import { type ContentWriter } from './content-writer.js';
import { type Expectation, type IncomingFile, type KeptUpload } from './file-store.js';
import { IncomingContent } from './incoming-content.js';
import { type IntakePool } from './intake/intake-pool.js';
import { type StorageLayout } from './layout.js';
import { systemErrorCode } from './system-failure.js';

/** What is sent may be for the owner's eyes only, as long as it is not stored. */
const partMode = 0o600;
const uploadIdForm = /^[A-Za-z0-9_-]{16,64}$/;

/** Uploads that outlive their interruption: `<id>.part` holds the bytes, `<id>.json` what was claimed of them. */
export class KeptUploads {
  private readonly active = new Set<string>();

  constructor(
    private readonly layout: StorageLayout,
    private readonly writer: ContentWriter,
    private readonly pool: IntakePool,
    private readonly clock: Clock,
  ) {}

  /** What is kept of an upload, or undefined. Fails with `invalid-argument` for a malformed id. */
  async find(id: string): Promise<KeptUpload | undefined> {
    checkUploadId(id);
    try {
      const claim = JSON.parse(await readFile(this.claimPath(id), 'utf8')) as { sizeBytes: number; sha1: string };
      const { size } = await stat(this.partPath(id));
      return { id, committedBytes: size, sizeBytes: claim.sizeBytes, contentId: parseContentId(claim.sha1) };
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Begins an upload, or goes on with one behind `offset` bytes: what is there is hashed again, since no hash is kept with it. */
  async receive(id: string, expected: Required<Expectation>, offset: number): Promise<IncomingFile> {
    checkUploadId(id);
    if (this.active.has(id)) {
      throw new KacheryError('too-busy', `The upload ${id} is being received already. Wait until that call has ended.`, { upload_id: id });
    }
    this.active.add(id);
    try {
      return offset === 0 ? await this.begin(id, expected) : await this.goOn(id, expected, offset);
    } catch (error) {
      this.active.delete(id);
      throw error;
    }
  }

  /** Removes what is kept of an upload, if it is not being received. */
  async abort(id: string): Promise<void> {
    checkUploadId(id);
    if (this.active.has(id)) return;
    this.active.add(id);
    await this.remove(id);
    this.active.delete(id);
  }

  /** Removes what is older than limits.keptUploadMs, and what is half there. */
  async sweep(): Promise<void> {
    for (const id of await this.ids()) {
      if (this.active.has(id)) continue;
      const kept = await this.find(id).catch(() => undefined);
      const { mtimeMs } = await stat(this.partPath(id)).catch(() => ({ mtimeMs: 0 }));
      if (!kept || mtimeMs < this.clock.now() - limits.keptUploadMs) await this.remove(id);
    }
  }

  /** How many uploads are kept, and their bytes. */
  async usage(): Promise<{ uploads: number; uploadBytes: number }> {
    const ids = await this.ids();
    const sizes = await Promise.all(
      ids.map((id) =>
        stat(this.partPath(id)).then(
          (stats) => stats.size,
          () => 0,
        ),
      ),
    );
    return { uploads: ids.length, uploadBytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  private async begin(id: string, expected: Required<Expectation>): Promise<IncomingFile> {
    await this.sweep();
    if ((await this.ids()).length >= limits.maxKeptUploads) {
      throw new KacheryError('too-busy', `${String(limits.maxKeptUploads)} interrupted uploads are kept already. Finish some, or wait until they expire.`, {
        limit: String(limits.maxKeptUploads),
      });
    }
    await this.remove(id);
    await this.writer.checkRoom(expected.sizeBytes);
    await (await open(this.partPath(id), 'wx', partMode)).close();
    const draft = `${this.claimPath(id)}.new`;
    await writeFile(draft, JSON.stringify({ sizeBytes: expected.sizeBytes, sha1: expected.id }), { mode: 0o600 });
    await rename(draft, this.claimPath(id));
    return this.incoming(id, expected, {});
  }

  private async goOn(id: string, expected: Required<Expectation>, offset: number): Promise<IncomingFile> {
    const kept = await this.find(id);
    if (kept?.committedBytes !== offset || kept.sizeBytes !== expected.sizeBytes || kept.contentId !== expected.id) {
      const committed = String(kept?.committedBytes ?? 0);
      throw new KacheryError(
        'upload-offset-mismatch',
        kept?.committedBytes === offset
          ? `The upload ${id} was begun for another file. Begin a new one.`
          : `The upload ${id} cannot go on at byte ${String(offset)}: ${committed} bytes of it are kept. Ask GetUpload and go on from there.`,
        { upload_id: id, offset: String(offset), committed_size: committed },
      );
    }
    await this.writer.checkRoom(expected.sizeBytes - offset);
    // It is read-only if a crash came between its last byte and its place in the store.
    await chmod(this.partPath(id), partMode);
    const job = this.pool.open({ outPath: this.partPath(id), append: true, chunked: hasManifest(expected.sizeBytes) });
    const part = await open(this.partPath(id), 'r');
    try {
      await job.writeFile(part.fd, { start: 0, end: offset }, { write: false });
    } catch (error) {
      await job.drop();
      throw error;
    } finally {
      await part.close();
    }
    return this.incoming(id, expected, { job, takenBytes: offset });
  }

  private incoming(id: string, expected: Expectation, state: { job?: ReturnType<IntakePool['open']>; takenBytes?: number }): IncomingFile {
    return new IncomingContent({ writer: this.writer, pool: this.pool, dir: this.layout.dir }, expected, {
      ...state,
      path: this.partPath(id),
      isKept: true,
      onEnd: async (outcome) => {
        this.active.delete(id);
        if (outcome === 'finished') await this.remove(id);
        else await this.sweep();
      },
    });
  }

  private async ids(): Promise<string[]> {
    const names = await readdir(this.layout.uploadsDir).catch(() => []);
    return [...new Set(names.map((name) => name.replace(/\.(part|json|json\.new)$/, '')))].filter((id) => uploadIdForm.test(id));
  }

  private async remove(id: string): Promise<void> {
    for (const path of [this.claimPath(id), `${this.claimPath(id)}.new`, this.partPath(id)]) await unlink(path).catch(() => undefined);
  }

  private partPath(id: string): string {
    return join(this.layout.uploadsDir, `${id}.part`);
  }

  private claimPath(id: string): string {
    return join(this.layout.uploadsDir, `${id}.json`);
  }
}

function checkUploadId(id: string): void {
  if (uploadIdForm.test(id)) return;
  throw new KacheryError('invalid-argument', 'An upload id has 16 to 64 letters, digits, "-" and "_". Choose a random one.', { field: 'upload_id' });
}
