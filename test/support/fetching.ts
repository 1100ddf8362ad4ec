import { type ExecutionContext } from 'ava';

import { systemClock } from '../../src/core/clock.js';
import { KacheryError } from '../../src/core/failure.js';
import { type Peers } from '../../src/network/peer.js';
import { type StoredFile } from '../../src/storage/file-store.js';
import { type LocalStorage } from '../../src/storage/local-storage.js';
import { FileFetcher, type FileFetcherParts } from '../../src/transfer/file-fetcher.js';
import { type FetchTiming } from '../../src/transfer/fetch-timing.js';
import { type LoadEvent, type LoadProgress } from '../../src/transfer/load-event.js';
import { temporaryStorage } from './temporary-storage.js';

/** Waits that tests need not sit through. */
export const quick: Partial<FetchTiming> = { silentMs: 10_000, otherAnswersMs: 50, waitForSourceMs: 10_000, retryMs: 100, tickMs: 20, progressMs: 0 };

/** A fetcher over a store of its own, closed when the test ends. */
export async function temporaryFetcher(
  t: ExecutionContext,
  peers: Peers,
  { timing = {}, storage, ...parts }: Partial<FileFetcherParts> & { readonly timing?: Partial<FetchTiming>; readonly storage?: LocalStorage } = {},
): Promise<{ fetcher: FileFetcher; store: LocalStorage }> {
  const store = storage ?? (await temporaryStorage(t));
  const fetcher = new FileFetcher({ store, peers, clock: systemClock, ...parts }, { ...quick, ...timing });
  t.teardown(() => fetcher.close());
  return { fetcher, store };
}

/** The file that a load ends with, and what it told before. */
export async function loaded(events: AsyncIterable<LoadEvent>): Promise<{ file: StoredFile; told: LoadProgress[] }> {
  const told: LoadProgress[] = [];
  for await (const event of events) {
    if (event.kind === 'file') return { file: event.file, told };
    told.push(event);
  }
  throw new Error('The load ended without a file.');
}

/** What a work fails with. */
export async function failureOf(t: ExecutionContext, work: Promise<unknown>): Promise<KacheryError> {
  return t.throwsAsync<KacheryError>(work, { instanceOf: KacheryError });
}
