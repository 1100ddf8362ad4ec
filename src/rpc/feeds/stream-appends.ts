import { type StreamAppendsRequest, type StreamAppendsResponse } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { KacheryError } from '../../core/failure.js';
import { type FeedStore } from '../../feeds/feed-store.js';
import { type MessageReader } from '../streams/message-reader.js';
import { appendMessages } from './append-messages.js';

const maxUnderWay = 64;
const overheadBytes = 1_000;

/** How much of a stream of appends waits in memory before it is looked at. */
export const streamedAppends = {
  aheadBytes: 8 * 1024 * 1024,
  sizeOf: ({ append }: StreamAppendsRequest): number => (append?.messages ?? []).reduce((sum, { byteLength }) => sum + byteLength, overheadBytes),
};

/** StreamAppends: begins each append when it comes, and answers in order. */
export async function* streamAppends(
  feeds: FeedStore,
  requests: Pick<MessageReader<StreamAppendsRequest>, 'next'>,
): AsyncGenerator<StreamAppendsResponse, void, undefined> {
  const underWay: Promise<StreamAppendsResponse>[] = [];
  let next: Promise<StreamAppendsRequest | undefined> | undefined;
  let hasEnded = false;
  try {
    for (;;) {
      if (!hasEnded && underWay.length < maxUnderWay) next ??= heard(requests.next());
      const [first] = underWay;
      if (!first && !next) return;
      const came = await Promise.race([...(next ? [next.then((request) => ({ request }))] : []), ...(first ? [first.then((answer) => ({ answer }))] : [])]);
      if ('answer' in came) {
        void underWay.shift();
        yield came.answer;
      } else {
        next = undefined;
        if (came.request) underWay.push(heard(append(feeds, came.request)));
        else hasEnded = true;
      }
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}

async function append(feeds: FeedStore, { append: request }: StreamAppendsRequest): Promise<StreamAppendsResponse> {
  if (!request) throw new KacheryError('invalid-argument', 'The request does not say what to append.', { field: 'append' });
  return { appended: await appendMessages(feeds, request) };
}

/** A promise whose failure may be looked at later. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
