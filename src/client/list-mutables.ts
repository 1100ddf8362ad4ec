import { type Mutable as MutableRecord, MutableServiceService as service } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { eachOfAllPages } from './all-pages.js';
import { type Daemon } from './daemon.js';

/** The records of the mutables under a prefix, ordered by key. */
export function listMutables(daemon: Daemon, keyJsonPrefix: string, signal: AbortSignal | undefined): AsyncGenerator<MutableRecord, void, undefined> {
  return eachOfAllPages(async (pageToken) => {
    const { mutables, nextPageToken } = await daemon.unary(service.listMutables, { keyJsonPrefix, pageSize: 0, pageToken }, { signal });
    return { items: mutables, nextPageToken };
  });
}
