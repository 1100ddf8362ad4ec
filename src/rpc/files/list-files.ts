import { type ListFilesRequest, type ListFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { type ContentId, isContentId, quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type FileStore } from '../../storage/file-store.js';
import { fileInfo } from './file-info.js';

const defaultPageSize = 1_000;
const tokenPrefix = 'after-';

/** ListFiles: a page of what is stored, ordered by hash. */
export function listFiles(store: FileStore) {
  return async ({ pageSize, pageToken }: ListFilesRequest): Promise<ListFilesResponse> => {
    const count = parsePageSize(pageSize);
    const found = await store.list(parsePageToken(pageToken), count + 1);
    const page = found.slice(0, count);
    const last = page.at(-1);
    return { files: page.map((file) => fileInfo(file, '')), nextPageToken: last && found.length > count ? formatPageToken(last.id) : '' };
  };
}

function parsePageSize(pageSize: number): number {
  if (pageSize <= limits.maxBatchItems) return pageSize === 0 ? defaultPageSize : pageSize;
  throw new KacheryError('invalid-argument', `A page of ${String(pageSize)} files is too large; at most ${String(limits.maxBatchItems)} are allowed.`, {
    field: 'page_size',
  });
}

function formatPageToken(id: ContentId): string {
  return Buffer.from(`${tokenPrefix}${id}`).toString('base64url');
}

function parsePageToken(token: string): ContentId | undefined {
  if (token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const id = text.slice(tokenPrefix.length);
  if (text.startsWith(tokenPrefix) && isContentId(id) && formatPageToken(id) === token) return id;
  throw new KacheryError('invalid-argument', `${quoted(token)} is not a page token of this daemon. Begin with the first page: leave page_token empty.`, {
    field: 'page_token',
  });
}
