import { type Mutable as MutableRecord, MutableServiceService as service } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { type Daemon } from './daemon.js';

/** The records of the mutables under a prefix, ordered by key. */
export async function* listMutables(daemon: Daemon, keyJsonPrefix: string, signal: AbortSignal | undefined): AsyncGenerator<MutableRecord, void, undefined> {
  let pageToken = '';
  do {
    const page = await daemon.unary(service.listMutables, { keyJsonPrefix, pageSize: 0, pageToken }, { signal });
    yield* page.mutables;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
