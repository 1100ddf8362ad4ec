import { type BigIntStats } from 'node:fs';
import { type ContentId, isContentId } from '../core/content-id.js';
import { modificationTimeSeconds } from './file-identity.js';

/** What is kept of a linked file: the content of `<sha1>.link`, in the format of kachery-p2p 0.8. */
export interface LinkRecord {
  readonly path: string;
  readonly manifestId?: ContentId;
  readonly sizeBytes: number;
  /** Modification time in seconds; the link is valid while it is exactly this. */
  readonly mtimeSeconds: number;
}

/** Reads a link record as the daemon and the offline client of 0.8 wrote them; undefined if it is none. */
export function parseLinkRecord(text: string): LinkRecord | undefined {
  try {
    const record = JSON.parse(text) as {
      path?: unknown;
      manifestSha1?: unknown;
      manifest_hash?: unknown;
      stat?: { size?: unknown; mtime?: unknown } | null;
    } | null;
    const [path, sizeBytes, mtimeSeconds] = [record?.path, record?.stat?.size, record?.stat?.mtime];
    if (typeof path !== 'string' || typeof sizeBytes !== 'number' || typeof mtimeSeconds !== 'number') return undefined;
    const manifest = record?.manifestSha1 ?? record?.manifest_hash;
    return { path, sizeBytes, mtimeSeconds, ...(typeof manifest === 'string' && isContentId(manifest) ? { manifestId: manifest } : {}) };
  } catch {
    return undefined;
  }
}

/** The text of a link record. */
export function formatLinkRecord(record: LinkRecord): string {
  return JSON.stringify({
    path: record.path,
    manifestSha1: record.manifestId ?? null,
    stat: { size: record.sizeBytes, mtime: record.mtimeSeconds },
  });
}

/** Tells whether the linked file is still as it was. */
export function isLinkValid(record: LinkRecord, stats: BigIntStats): boolean {
  return stats.isFile() && Number(stats.size) === record.sizeBytes && modificationTimeSeconds(stats) === record.mtimeSeconds;
}
