import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { type ContentId, parseContentId } from '../../core/content-id.js';
import { carryOutOrders } from '../carry-out-orders.js';
import { StorageLayout } from '../layout.js';
import { decodeBatch } from './batch-image.js';
import { type BatchOrder, type BatchReport } from './batch-store.js';

/**
 * Stores batches of small files so that one fsync makes many durable: the batch goes to a journal file first, which is synced; then its files are written
 * without. A batch is settled, its journal removed, when its files have been synced one by one, which waits until there is nothing better to do. After a
 * crash the journals that are left are settled before the store opens: files that are not whole are written again from them.
 */

const { dir } = workerData as { dir: string };
const layout = new StorageLayout(dir);
/** Temporary files of this thread begin with it. */
const threadName = randomBytes(12).toString('hex');
let lastTemporary = 0;

carryOutOrders<BatchOrder, BatchReport>({
  carryOut: async (order) => {
    if (order.kind === 'store') return { kind: 'stored', wasThere: storeBatch(order.image), image: order.image };
    await settleAll(order.check);
    return { kind: 'settled' };
  },
  buffersOf: (report) => (report.kind === 'stored' ? [report.image.buffer] : []),
});

function storeBatch(image: Uint8Array): boolean[] {
  const entries = [...decodeBatch(image)].map((entry) => ({ ...entry, id: parseContentId(entry.sha1) }));
  const wasThere = entries.map((entry) => holds(layout.contentPath(entry.id), entry.bytes));
  if (wasThere.every(Boolean)) return wasThere;
  const journal = writeJournal(image);
  const written: ContentId[] = [];
  try {
    for (const [index, { id, bytes }] of entries.entries()) {
      if (wasThere[index]) continue;
      writeContent(id, bytes);
      written.push(id);
    }
  } catch (error) {
    // The batch is not acknowledged, but what has its name by now is taken for stored by whoever stores it next.
    for (const path of pathsToSync(written)) syncPath(path);
    unlinkSync(journal);
    throw error;
  }
  return wasThere;
}

function writeJournal(image: Uint8Array): string {
  const path = join(layout.journalDir, `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(8).toString('hex')}.batch`);
  try {
    writeSynced(path, image);
    syncPath(layout.journalDir);
  } catch (error) {
    removeIfThere(path);
    throw error;
  }
  return path;
}

function writeContent(id: ContentId, bytes: Uint8Array): void {
  const temporary = join(layout.temporaryDir, `daemon.${threadName}-${String(++lastTemporary)}.tmp`);
  try {
    writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o444 });
    // Mostly it is not there yet, and to make one that is costs less than to fail without it.
    mkdirSync(layout.contentFolders(id)[2], { recursive: true });
    renameSync(temporary, layout.contentPath(id));
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/** Settles every journal; `check` also compares each file with it. New batches are let in between files. */
async function settleAll(check: boolean): Promise<void> {
  for (const name of readdirSync(layout.journalDir).sort()) {
    if (!name.endsWith('.batch')) continue;
    const path = join(layout.journalDir, name);
    const ids: ContentId[] = [];
    for (const entry of decodeBatch(readFileSync(path))) {
      const id = parseContentId(entry.sha1);
      if (createHash('sha1').update(entry.bytes).digest('hex') !== id) break;
      if (check && !holds(layout.contentPath(id), entry.bytes)) writeContent(id, entry.bytes);
      if (sizeOf(layout.contentPath(id)) !== undefined) ids.push(id);
    }
    for (const unsynced of pathsToSync(ids)) {
      if (existsSync(unsynced)) syncPath(unsynced);
      await new Promise((resolve) => setImmediate(resolve));
    }
    removeIfThere(path);
  }
}

/** The files of contents, and the folders that lead to them. */
function pathsToSync(ids: readonly ContentId[]): string[] {
  const folders = new Set(ids.flatMap((id) => layout.contentFolders(id)));
  return [...ids.map((id) => layout.contentPath(id)), ...folders, layout.contentDir];
}

function holds(path: string, bytes: Uint8Array): boolean {
  try {
    return sizeOf(path) === bytes.byteLength && Buffer.compare(readFileSync(path), bytes) === 0;
  } catch {
    return false;
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    for (let done = 0; done < bytes.byteLength;) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there.
  }
}
