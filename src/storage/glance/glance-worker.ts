import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

import { type ContentId } from '../../core/content-id.js';
import { limits } from '../../core/limits.js';
import { carryOutOrders } from '../carry-out-orders.js';
import { StorageLayout } from '../layout.js';
import { systemErrorCode } from '../system-failure.js';
import { absent, type GlanceOrder, type GlanceReport, unclear } from './glance-protocol.js';

/**
 * Looks at many files of a store, and reads small ones, with calls that wait: in a thread they cost a tenth of calls that do not. What is not plain, such as a
 * link, a damaged file or one that may not be read, is only told to be unclear: the usual way is taken for it, which tells what is wrong.
 */

const layout = new StorageLayout((workerData as { dir: string }).dir);
/** Nothing that has a file's name, such as a pipe, stops the thread. */
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;
/** What is read ends with the file that reaches limits.dataMessageBytes. */
const contents = Buffer.allocUnsafeSlow(limits.dataMessageBytes + limits.maxSmallFileBytes);

carryOutOrders<GlanceOrder, GlanceReport>({
  carryOut: ({ kind, ids }) => (kind === 'find' ? { sizes: ids.map(sizeOf), contents: new Uint8Array() } : readMany(ids)),
  buffersOf: ({ contents: { buffer } }) => [buffer],
});

function readMany(ids: readonly ContentId[]): GlanceReport {
  const sizes: number[] = [];
  let filledBytes = 0;
  for (const id of ids) {
    if (filledBytes >= limits.dataMessageBytes) break;
    const size = readInto(contents.subarray(filledBytes, filledBytes + limits.maxSmallFileBytes), id);
    sizes.push(size);
    filledBytes += Math.max(0, size);
  }
  return { sizes, contents: new Uint8Array(contents.subarray(0, filledBytes)) };
}

/** Size of a file whose content is now in the buffer. */
function readInto(buffer: Buffer, id: ContentId): number {
  let file: number | undefined;
  try {
    file = openSync(layout.contentPath(id), openFlags);
    const stats = fstatSync(file);
    const { size } = stats;
    if (!stats.isFile() || size > buffer.byteLength) return unclear;
    let filled = 0;
    for (let read = -1; filled < size && read !== 0; filled += read) read = readSync(file, buffer, filled, size - filled, filled);
    return filled === size && createHash('sha1').update(buffer.subarray(0, size)).digest('hex') === id ? size : unclear;
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' && file === undefined ? sizeOf(id) : unclear;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function sizeOf(id: ContentId): number {
  try {
    const stats = statSync(layout.contentPath(id), { throwIfNoEntry: false });
    if (stats?.isFile() === true) return stats.size;
    return (stats ?? statSync(layout.linkPath(id), { throwIfNoEntry: false })) ? unclear : absent;
  } catch {
    return unclear;
  }
}
