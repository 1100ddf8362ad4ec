import { type ClientReadableStream, type Metadata } from '@grpc/grpc-js';

import {
  type AppendMessagesRequest,
  type FeedServiceClient,
  type MessageBatch,
  type ReadMessagesRequest,
  type SubfeedKey,
  type WatchMessagesResponse,
} from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { allOf, callOnce } from './rpc-clients.js';

/** Names a subfeed as clients do. */
export function subfeedKey(feedId: string, name: unknown): SubfeedKey {
  return { feedId, subfeed: { $case: 'nameJson', value: JSON.stringify(name) } };
}

/** Calls of FeedService with a token, as tests want them. */
export class FeedCalls {
  constructor(
    readonly client: FeedServiceClient,
    readonly token: Metadata,
  ) {}

  /** Makes a feed and resolves with its id. */
  async create(name?: string): Promise<string> {
    const { feed } = await callOnce(this.client, 'createFeed', { name }, this.token);
    return feed?.feedId ?? '';
  }

  /** Appends messages and resolves with the position of the first. */
  async append(feedId: string, name: unknown, messages: readonly (string | Uint8Array)[], more: Partial<AppendMessagesRequest> = {}): Promise<number> {
    const request = {
      ...{ subfeed: subfeedKey(feedId, name), messages: messages.map((message) => Buffer.from(message)) },
      ...{ expectedLength: undefined, requestId: undefined, ...more },
    };
    return Number((await callOnce(this.client, 'appendMessages', request, this.token)).position);
  }

  /** All batches that a read brings. */
  async read(feedId: string, name: unknown, more: Partial<ReadMessagesRequest> = {}): Promise<MessageBatch[]> {
    const request = { subfeed: subfeedKey(feedId, name), position: 0n, maxMessages: 0n, maxBytes: 0n, withProofs: false, ...more };
    return (await allOf(this.client.readMessages(request, this.token))).flatMap(({ batches }) => batches);
  }

  /** All messages of a subfeed, as text. */
  async texts(feedId: string, name: unknown): Promise<string[]> {
    return textsOf(await this.read(feedId, name));
  }

  /** Follows subfeeds by name, all of one feed, from their beginnings. */
  watch(feedId: string, names: readonly unknown[]): ClientReadableStream<WatchMessagesResponse> {
    const subfeeds = names.map((name) => ({ subfeed: subfeedKey(feedId, name), position: 0n }));
    return this.client.watchMessages({ subfeeds, withProofs: false }, this.token);
  }
}

/** The messages of batches, as text. */
export function textsOf(batches: readonly MessageBatch[]): string[] {
  return batches.flatMap(({ messages }) => messages.map(String));
}
