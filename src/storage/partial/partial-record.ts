import { type FileHandle, open, readFile, stat, truncate } from 'node:fs/promises';

import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId, isContentId } from '../../core/content-id.js';
import { limits } from '../../core/limits.js';
import { type ManifestChunk } from '../../core/manifest.js';
import { type ChunkLayout } from './chunk-layout.js';

/**
 * The record beside a partial file. Its first line is JSON with the size and the chunks; each line behind it tells one thing that became known:
 * `f <start> <end>` bytes were written, `v <chunk>` a chunk was verified, `x <chunk>` nothing is known of a chunk any more. A line that is cut off, and what
 * comes behind it, counts as not written.
 */
const formatName = 'kachery-p2p/partial/1';

/** What a record says. */
export interface RecordedState {
  readonly layout: ChunkLayout;
  readonly verified: ReadonlySet<number>;
  /** In the order in which they were written; ranges of verified chunks are left out. */
  readonly filled: readonly ByteRange[];
}

/** Reads a record and removes what is cut off at its end. Undefined if there is none that can be used. */
export async function readPartialRecord(path: string, id: ContentId): Promise<RecordedState | undefined> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size === 0 || size > limits.maxPartialRecordBytes) return undefined;
  const text = await readFile(path, 'latin1');
  const headerEnd = text.indexOf('\n');
  const layout = headerEnd === -1 ? undefined : parseHeader(text.slice(0, headerEnd), id);
  if (!layout) return undefined;
  const { state, wholeLength } = parseLines(text, headerEnd + 1, layout);
  if (wholeLength < text.length) await truncate(path, wholeLength);
  return state;
}

/** Writes records. Lines go to the file in their order, many at once where they come fast. */
export class PartialRecord {
  private waiting = '';
  private writing: Promise<void> | undefined;
  private failure: unknown;

  private constructor(private readonly file: FileHandle) {}

  /** Begins the record of a content. There must be none. */
  static async create(path: string, id: ContentId, { sizeBytes, manifestId, chunks }: ChunkLayout): Promise<PartialRecord> {
    const file = await open(path, 'ax', 0o600);
    const header = { format: formatName, sha1: id, size: sizeBytes, manifest: manifestId, chunks: chunks.map(({ end, sha1 }) => [end, sha1]) };
    try {
      await file.appendFile(`${JSON.stringify(header)}\n`);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new PartialRecord(file);
  }

  /** Goes on with a record that was read. */
  static async open(path: string): Promise<PartialRecord> {
    return new PartialRecord(await open(path, 'a', 0o600));
  }

  /** Adds that a range of a chunk was written. */
  fill({ start, end }: ByteRange): void {
    this.add(`f ${String(start)} ${String(end)}\n`);
  }

  /** Adds that a chunk was verified. */
  verify(chunk: number): void {
    this.add(`v ${String(chunk)}\n`);
  }

  /** Adds that nothing is known of a chunk any more. */
  forget(chunk: number): void {
    this.add(`x ${String(chunk)}\n`);
  }

  /** Resolves when all that was added is written; fails as that failed. */
  async flush(): Promise<void> {
    while (this.writing) await this.writing;
    if (this.failure !== undefined) throw this.failure as Error;
  }

  /** Writes what was added and releases the file. Never fails. */
  async close(): Promise<void> {
    await this.flush().catch(() => undefined);
    await this.file.close().catch(() => undefined);
  }

  private add(line: string): void {
    if (this.failure !== undefined) return;
    this.waiting += line;
    this.writing ??= this.writeWaiting().finally(() => {
      this.writing = undefined;
    });
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting !== '' && this.failure === undefined) {
      const lines = this.waiting;
      this.waiting = '';
      await this.file.appendFile(lines).catch((error: unknown) => {
        this.failure = error;
      });
    }
  }
}

function parseHeader(text: string, id: ContentId): ChunkLayout | undefined {
  const { format, sha1, size, manifest, chunks } = parseJson(text);
  if (format !== formatName || sha1 !== id || typeof size !== 'number' || !Array.isArray(chunks)) return undefined;
  if (manifest !== undefined && !(typeof manifest === 'string' && isContentId(manifest))) return undefined;
  const parsed: ManifestChunk[] = [];
  let start = 0;
  for (const [end, chunkId] of chunks as [unknown, unknown][]) {
    if (typeof end !== 'number' || end <= start || typeof chunkId !== 'string' || !isContentId(chunkId)) return undefined;
    parsed.push({ start, end, sha1: chunkId });
    start = end;
  }
  return start === size ? { sizeBytes: size, ...(manifest !== undefined && { manifestId: manifest }), chunks: parsed } : undefined;
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function parseLines(text: string, from: number, layout: ChunkLayout): { state: RecordedState; wholeLength: number } {
  const verified = new Set<number>();
  let filled: ByteRange[] = [];
  let position = from;
  for (let end = text.indexOf('\n', position); end !== -1; end = text.indexOf('\n', position)) {
    const line = /^(?:f (\d{1,16}) (\d{1,16})|([vx]) (\d{1,16}))$/.exec(text.slice(position, end));
    const chunk = line?.[3] === undefined ? undefined : layout.chunks[Number(line[4])];
    const range = line?.[1] === undefined ? undefined : { start: Number(line[1]), end: Number(line[2]) };
    if (range && range.start < range.end && range.end <= layout.sizeBytes) filled.push(range);
    else if (!chunk) break;
    else {
      filled = filled.filter(({ start }) => start < chunk.start || start >= chunk.end);
      if (line?.[3] === 'v') verified.add(Number(line[4]));
      else verified.delete(Number(line?.[4]));
    }
    position = end + 1;
  }
  return { state: { layout, verified, filled }, wholeLength: position };
}
