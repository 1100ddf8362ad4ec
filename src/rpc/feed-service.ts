import { type handleServerStreamingCall } from '@grpc/grpc-js';

import {
  type Feed,
  type FeedServiceServer,
  type FeedServiceService,
  type GetFeedRequest,
  type ReadMessagesRequest,
  type SignedHead as SignedHeadMessage,
  type Subfeed,
  type WatchMessagesRequest,
} from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { isContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type SignedHead } from '../core/feed-head.js';
import { isFeedId, parseFeedId } from '../core/feed-id.js';
import { limits } from '../core/limits.js';
import { parseNodeId } from '../core/node-id.js';
import { type SubfeedHash } from '../core/subfeed.js';
import { type FeedInfo, type FeedStore, type ReadMessagesOptions, type SubfeedInfo } from '../feeds/feed-store.js';
import { type ReadBuffers } from '../storage/read-buffers.js';
import { type CallContext } from './call-context.js';
import { parseAccessRules } from './feeds/access-rules.js';
import { type EncodedMessages, encodeMessages, responseBuffers } from './feeds/encoded-messages.js';
import { appendMessages } from './feeds/append-messages.js';
import { checkFeedName, checkNewFeedName } from './feeds/feed-name.js';
import { parseAddress } from './feeds/parse-subfeed.js';
import { submitMessages } from './feeds/submit-messages.js';
import { checkBatch } from './files/check-batch.js';
import { nextPageToken, parsePageSize, parsePageToken } from './paging.js';
import { parsePosition } from './position.js';
import { serverStreamHandler } from './streams/server-stream-handler.js';
import { unaryHandler } from './streams/unary-handler.js';
import { timestamp } from './timestamp.js';

/** What FeedService works with. */
export interface FeedServiceParts {
  readonly feeds: FeedStore;
  readonly nodeId: string;
}

/** What messages are read from, and what they are encoded into. */
interface FeedReading {
  readonly feeds: FeedStore;
  readonly buffers: ReadBuffers;
}

/** FeedService's methods, of which those that stream messages send them encoded. */
export type FeedServiceHandlers = { [Name in Exclude<keyof FeedServiceService, 'readMessages' | 'watchMessages'>]: FeedServiceServer[Name] } & {
  readMessages: handleServerStreamingCall<ReadMessagesRequest, EncodedMessages>;
  watchMessages: handleServerStreamingCall<WatchMessagesRequest, EncodedMessages>;
};

/** FeedService over the feeds of a node: parses what comes in, maps what goes out. `idleMs`: how long a client may take nothing of what there is for it. */
export function feedService({ feeds, nodeId }: FeedServiceParts, options: { readonly idleMs: number }): FeedServiceHandlers {
  const buffers = responseBuffers();
  const reading = { feeds, buffers };
  const streaming = {
    ...options,
    onSent: ({ data }: EncodedMessages): void => {
      buffers.release(data);
    },
  };
  return {
    createFeed: unaryHandler(async ({ name }) => ({ feed: feedMessage(await feeds.create(name === undefined ? undefined : checkNewFeedName(name))) })),
    getFeed: unaryHandler(async (request) => ({ feed: feedMessage(await findFeed(feeds, request)) })),
    listFeeds: unaryHandler(async ({ pageSize, pageToken }) => {
      const page = await feeds.list(parsePageToken(pageToken, isFeedId), parsePageSize(pageSize));
      return { feeds: page.items.map(feedMessage), nextPageToken: nextPageToken(page, ({ id }) => id) };
    }),
    deleteFeed: unaryHandler(async ({ feedId }) => {
      await feeds.delete(parseFeedId(feedId));
      return {};
    }),
    getSubfeed: unaryHandler(async ({ subfeed }) => ({ subfeed: subfeedMessage(await feeds.findSubfeed(parseAddress(subfeed))) })),
    listSubfeeds: unaryHandler(async ({ feedId, pageSize, pageToken }) => {
      const page = await feeds.listSubfeeds(parseFeedId(feedId), parsePageToken(pageToken, isSubfeedHash), parsePageSize(pageSize));
      return { subfeeds: page.items.map(subfeedMessage), nextPageToken: nextPageToken(page, ({ hash }) => hash) };
    }),
    appendMessages: unaryHandler((request) => appendMessages(feeds, request)),
    submitMessages: unaryHandler(submitMessages(feeds, parseNodeId(nodeId))),
    readMessages: serverStreamHandler((request, context) => readMessages(reading, request, context), streaming),
    watchMessages: serverStreamHandler((request, context) => watchMessages(reading, request, context), { ...streaming, isSubscription: true }),
    getAccessRules: unaryHandler(async ({ subfeed }) => ({ rules: [...(await feeds.accessRules(parseAddress(subfeed)))] })),
    setAccessRules: unaryHandler(async ({ subfeed, rules }) => {
      await feeds.setAccessRules(parseAddress(subfeed), parseAccessRules(rules));
      return {};
    }),
  };
}

function findFeed(feeds: FeedStore, { feed }: GetFeedRequest): Promise<FeedInfo> {
  if (!feed) throw new KacheryError('invalid-argument', 'The request does not say which feed: give feed_id or name.', { field: 'feed' });
  return feed.$case === 'feedId' ? feeds.find(parseFeedId(feed.value)) : feeds.findByName(checkFeedName(feed.value));
}

async function* readMessages(
  { feeds, buffers }: FeedReading,
  request: ReadMessagesRequest,
  { signal }: CallContext,
): AsyncGenerator<EncodedMessages, void, undefined> {
  const { withProofs } = request;
  const [maxMessages, maxBytes] = [parsePosition(request.maxMessages, 'max_messages'), parsePosition(request.maxBytes, 'max_bytes')];
  const options: ReadMessagesOptions = { withProofs, signal, ...(maxMessages > 0 && { maxMessages }), ...(maxBytes > 0 && { maxBytes }) };
  const address = parseAddress(request.subfeed);
  for await (const blocks of feeds.read(address, parsePosition(request.position, 'position'), options)) yield encodeMessages(blocks, { withProofs, buffers });
}

async function* watchMessages(
  { feeds, buffers }: FeedReading,
  { subfeeds, withProofs }: WatchMessagesRequest,
  { signal }: CallContext,
): AsyncGenerator<EncodedMessages, void, undefined> {
  if (subfeeds.length === 0) throw new KacheryError('invalid-argument', 'There is no subfeed to follow: give one at least.', { field: 'subfeeds' });
  checkBatch(subfeeds.length, limits.maxWatchedSubfeeds, 'subfeeds');
  const watched = subfeeds.map(({ subfeed, position }) => ({ ...parseAddress(subfeed), position: parsePosition(position, 'position') }));
  for await (const { index, blocks } of feeds.watch(watched, signal)) yield encodeMessages(blocks, { withProofs, subfeedIndex: index, buffers });
}

function feedMessage({ id, name, isWriteable, createdAtMs }: FeedInfo): Feed {
  return { feedId: id, name, isWriteable, createdAt: timestamp(createdAtMs) };
}

function subfeedMessage({ hash, nameJson, length, appendedAtMs, fork }: SubfeedInfo): Subfeed {
  const appendedAt = appendedAtMs === undefined ? undefined : timestamp(appendedAtMs);
  return { hash, nameJson, length: BigInt(length), appendedAt, fork: fork.map(headMessage) };
}

function headMessage({ length, lastHash, signature }: SignedHead): SignedHeadMessage {
  return { length: BigInt(length), lastHash, signature };
}

function isSubfeedHash(text: string): text is SubfeedHash {
  return isContentId(text);
}
