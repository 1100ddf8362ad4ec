import { type ListFilesRequest, type ListFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { isContentId } from '../../core/content-id.js';
import { type FileStore } from '../../storage/file-store.js';
import { nextPageToken, parsePageSize, parsePageToken } from '../paging.js';
import { fileInfo } from './file-info.js';

/** ListFiles: a page of what is stored, ordered by hash. */
export function listFiles(store: FileStore) {
  return async ({ pageSize, pageToken }: ListFilesRequest): Promise<ListFilesResponse> => {
    const count = parsePageSize(pageSize);
    const found = await store.list(parsePageToken(pageToken, isContentId), count + 1);
    const page = { items: found.slice(0, count), hasMore: found.length > count };
    return { files: page.items.map((file) => fileInfo(file, '')), nextPageToken: nextPageToken(page, ({ id }) => id) };
  };
}
