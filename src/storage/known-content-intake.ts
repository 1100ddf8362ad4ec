import { createHash } from 'node:crypto';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { formatManifest, hasManifest, makeManifest } from '../core/manifest.js';
import { sizeMismatch } from './content-writer.js';
import { type Expectation, type IncomingFile, type StoredFile, type StoreResult } from './file-store.js';
import { type Digest, type IntakeJob } from './intake/intake-lane.js';
import { sourceEndedEarly } from './intake/intake-protocol.js';
import { type IntakePool } from './intake/intake-pool.js';
import { type SourceFile } from './local-file-intake.js';
import { localFileFailure, systemErrorCode } from './system-failure.js';

/** Takes content for a store that cannot be written: what the store has already is as good as stored, and all else fails for the reason given. */
export class KnownContentIntake {
  constructor(
    private readonly dependencies: {
      readonly pool: IntakePool;
      /** The stored file of a content, if it is there and intact. */
      readonly find: (id: ContentId) => Promise<StoredFile | undefined>;
      readonly unwritable: KacheryError;
    },
  ) {}

  /** Takes content piece by piece. */
  receive(expected: Expectation): IncomingFile {
    const job = this.dependencies.pool.open({ append: false, chunked: expected.sizeBytes === undefined || hasManifest(expected.sizeBytes) });
    return new KnownContent(job, async (digest, sizeBytes) => {
      if (expected.sizeBytes !== undefined && expected.sizeBytes !== sizeBytes) throw sizeMismatch(expected.sizeBytes, sizeBytes);
      if (expected.id !== undefined && expected.id !== digest.sha1) throw this.dependencies.unwritable;
      return this.accept(digest, sizeBytes);
    });
  }

  /** Takes bytes that are in memory. */
  async storeBytes(bytes: Uint8Array): Promise<StoreResult> {
    return this.accept({ sha1: createHash('sha1').update(bytes).digest('hex'), chunkSha1s: [] }, bytes.byteLength);
  }

  /** Takes a file of this machine, which `digest` hashes. Fails as storeLocalFile. */
  async storeSource({ path, sizeBytes }: SourceFile, digest: (options: { chunked: boolean }) => Promise<Digest>): Promise<StoreResult> {
    try {
      return await this.accept(await digest({ chunked: hasManifest(sizeBytes) }), sizeBytes);
    } catch (error) {
      if (systemErrorCode(error) !== sourceEndedEarly) throw localFileFailure(error, path);
      throw new KacheryError('file-changed', `The file ${path} became shorter while it was read. Store it again when nothing writes to it.`, { path });
    }
  }

  private async accept({ sha1, chunkSha1s }: Digest, sizeBytes: number): Promise<StoreResult> {
    const id = parseContentId(sha1);
    const file = await this.find(id, sizeBytes);
    if (!hasManifest(sizeBytes)) return { file, alreadyStored: true };
    const manifest = Buffer.from(formatManifest(makeManifest(id, sizeBytes, chunkSha1s.map(parseContentId))));
    const { id: manifestId } = await this.find(parseContentId(createHash('sha1').update(manifest).digest('hex')), manifest.byteLength);
    return { file: { ...file, manifestId }, alreadyStored: true };
  }

  private async find(id: ContentId, sizeBytes: number): Promise<StoredFile> {
    const file = await this.dependencies.find(id);
    if (file?.sizeBytes !== sizeBytes) throw this.dependencies.unwritable;
    return file;
  }
}

/** Content that is hashed on its way, and kept nowhere. */
class KnownContent implements IncomingFile {
  takenBytes = 0;
  private isOver = false;

  constructor(
    private readonly job: IntakeJob,
    private readonly accept: (digest: Digest, sizeBytes: number) => Promise<StoreResult>,
  ) {}

  async write(data: Uint8Array): Promise<void> {
    this.takenBytes += data.byteLength;
    await this.job.write(data);
  }

  async finish(): Promise<StoreResult> {
    const digest = await this.job.finish();
    this.isOver = true;
    return this.accept(digest, this.takenBytes);
  }

  async abort(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    await this.job.drop();
  }
}
