import { randomUUID } from 'node:crypto';

import { FeedServiceService as service, type MessageBatch } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { formatFeedUri } from '../core/feed-uri.js';
import { type CallOptions } from './call-options.js';
import { type Daemon } from './daemon.js';
import { encodeMessages } from './encode-messages.js';
import { feedMessages } from './feed-messages.js';
import { type AccessRule, type AppendOptions, type FeedMessage, type FollowFromOptions, type ReadMessagesOptions, type Subfeed } from './feeds.js';
import { followSubfeeds } from './follow-subfeeds.js';
import { required } from './required.js';
import { Retries } from './retries.js';
import { type NamedSubfeed, positionOf, SubfeedCursor, subfeedKey } from './subfeed-cursor.js';

const passing = ['daemon-not-running', 'daemon-stopping', 'deadline-exceeded'] as const;

/** A subfeed that the daemon is asked for. */
export class OnlineSubfeed implements Subfeed {
  readonly uri: string;
  readonly hash: string;

  constructor(
    private readonly daemon: Daemon,
    private readonly subfeed: NamedSubfeed,
  ) {
    this.uri = formatFeedUri({ feedId: subfeed.feedId, subfeed: subfeed.name });
    this.hash = subfeed.name.hash;
  }

  async getLength({ signal }: CallOptions = {}): Promise<number> {
    const { subfeed } = await this.daemon.unary(service.getSubfeed, { subfeed: subfeedKey(this.subfeed) }, { signal });
    return Number(required(subfeed, 'subfeed').length);
  }

  async append(messages: readonly unknown[], { expectedLength, encoding, signal }: AppendOptions = {}): Promise<number> {
    const request = {
      subfeed: subfeedKey(this.subfeed),
      messages: encodeMessages(messages, encoding),
      expectedLength: expectedLength === undefined ? undefined : positionOf(expectedLength, 'length'),
      requestId: randomUUID(),
    };
    return Number((await again(() => this.daemon.unary(service.appendMessages, request, { signal }), signal)).position);
  }

  async submit(messages: readonly unknown[], { encoding, signal }: Omit<AppendOptions, 'expectedLength'> = {}): Promise<number> {
    const request = { subfeed: subfeedKey(this.subfeed), messages: encodeMessages(messages, encoding), requestId: randomUUID() };
    return Number((await again(() => this.daemon.unary(service.submitMessages, request, { signal }), signal)).position);
  }

  async *read({ position = 0, maxMessages = Infinity, verified, encoding, signal }: ReadMessagesOptions = {}): AsyncGenerator<FeedMessage, void, undefined> {
    if (maxMessages === 0) return;
    const end = maxMessages === Infinity ? Infinity : position + Number(positionOf(maxMessages, 'number of messages'));
    for await (const batches of this.batches(new SubfeedCursor(this.subfeed, position, verified), end, signal)) {
      for (const message of feedMessages(batches, { encoding, signal })) {
        // What is proven is proven together, so more may come than was asked for.
        if (message.position >= end) return;
        yield message;
      }
    }
  }

  async *follow({ position = 0, ...options }: FollowFromOptions = {}): AsyncGenerator<FeedMessage, void, undefined> {
    for await (const { message } of followSubfeeds(this.daemon, [{ ...this.subfeed, position }], options)) yield message;
  }

  async getAccessRules({ signal }: CallOptions = {}): Promise<AccessRule[]> {
    return (await this.daemon.unary(service.getAccessRules, { subfeed: subfeedKey(this.subfeed) }, { signal })).rules;
  }

  async setAccessRules(rules: readonly AccessRule[], { signal }: CallOptions = {}): Promise<void> {
    await this.daemon.unary(service.setAccessRules, { subfeed: subfeedKey(this.subfeed), rules: [...rules] }, { signal });
  }

  /** What the daemon sends of the messages before `end`; goes on where it was when the connection breaks. */
  private async *batches(cursor: SubfeedCursor, end: number, signal: AbortSignal | undefined): AsyncGenerator<readonly MessageBatch[], void, undefined> {
    const retries = new Retries(passing);
    let isAnswered = false;
    for (;;) {
      const maxMessages = end === Infinity ? 0n : BigInt(end - cursor.position);
      try {
        for await (const { batches } of this.daemon.receive(service.readMessages, { ...cursor.request(), maxMessages, maxBytes: 0n }, { signal })) {
          isAnswered = true;
          retries.progress();
          yield cursor.take(batches);
        }
        cursor.finish();
        return;
      } catch (error) {
        if (!isAnswered) throw error;
        await retries.wait(error, signal);
        if (cursor.position >= end) return;
      }
    }
  }
}

/** Makes a call that happens once, however often it is sent, until it is answered. */
async function again<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const retries = new Retries(passing);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await retries.wait(error, signal);
    }
  }
}
