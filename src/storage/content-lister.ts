import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContentId, isContentId } from '../core/content-id.js';
import { type StorageLayout } from './layout.js';
import { systemErrorCode } from './system-failure.js';

/** The ids of at most `count` contents, stored or linked, in their order, those behind `after`. Reads only the folders that it needs. */
export async function listContentIds(layout: StorageLayout, after: ContentId | undefined, count: number): Promise<ContentId[]> {
  const ids: ContentId[] = [];
  await collect(layout.contentDir, '', after ?? '', ids, count);
  return ids;
}

async function collect(folder: string, prefix: string, after: string, ids: ContentId[], count: number): Promise<void> {
  const names = await readNames(folder);
  if (prefix.length === 6) {
    const found = new Set(names.map((name) => name.replace(/\.link$/, '')));
    for (const id of [...found].sort()) if (isContentId(id) && id.startsWith(prefix) && id > after && ids.length < count) ids.push(id);
    return;
  }
  for (const name of names.sort()) {
    if (ids.length >= count) return;
    const next = prefix + name;
    if (/^[0-9a-f]{2}$/.test(name) && next >= after.slice(0, next.length)) await collect(join(folder, name), next, after, ids, count);
  }
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
