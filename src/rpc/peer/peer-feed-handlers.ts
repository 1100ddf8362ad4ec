import { type handleServerStreamingCall } from '@grpc/grpc-js';

import {
  type FoundFeed,
  type Head,
  type PeerServiceServer,
  type ReadMessagesRequest,
  type SubfeedHead as SubfeedHeadMessage,
  type WatchMessagesRequest,
} from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type FeedId, parseFeedId } from '../../core/feed-id.js';
import { type SignedHead } from '../../core/feed-head.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { parseSubfeedHash } from '../../core/subfeed.js';
import { type FairShare } from '../../network/serving/fair-share.js';
import { type FeedStore, type ReadMessagesOptions } from '../../feeds/feed-store.js';
import { type ReplicaStore } from '../../feeds/replica-store.js';
import { type SubfeedHead } from '../../feeds/subfeed-head.js';
import { type ReadBuffers } from '../../storage/read-buffers.js';
import { type CallContext } from '../call-context.js';
import { appendedMessage } from '../feeds/append-messages.js';
import { type EncodedMessages, encodeMessages } from '../feeds/encoded-messages.js';
import { checkBatch } from '../files/check-batch.js';
import { parsePosition } from '../position.js';
import { serverStreamHandler } from '../streams/server-stream-handler.js';
import { unaryHandler } from '../streams/unary-handler.js';
import { parsePeerSubfeed, parsePeerSubmission } from './parse-peer-subfeed.js';

/** The feeds of this node itself: what a caller asks for does not make this node ask others. */
export type ServedFeeds = Pick<FeedStore, 'find' | 'append' | 'read' | 'watch'> & Pick<ReplicaStore, 'heads' | 'listHeads'>;

/** The node that calls, as far as feeds have to know it. */
export interface FeedCaller {
  readonly nodeId: NodeId;
  /** Fails with `not-authorized` unless the caller may ask this node now. */
  authorize(): void;
}

/** What feeds are sent to other nodes with. */
export interface FeedServing {
  readonly feeds: ServedFeeds;
  readonly share: Pick<FairShare, 'take'>;
  /** What messages are encoded into. */
  readonly responses: ReadBuffers;
}

/** The methods of PeerService that have to do with feeds, of which those that stream messages send them encoded: see peerFeedDefinition. */
export type PeerFeedHandlers = Pick<PeerServiceServer, 'findFeeds' | 'getHeads' | 'listHeads' | 'submitMessages'> & {
  readMessages: handleServerStreamingCall<ReadMessagesRequest, EncodedMessages>;
  watchMessages: handleServerStreamingCall<WatchMessagesRequest, EncodedMessages>;
};

/**
 * What one caller is served of this node's feeds, as fast as its share allows; its server needs the interceptor of OpenCalls. Who loses his authorisation hears
 * nothing more of what he follows. `idleMs`: how long the caller may take nothing of what there is for it.
 */
export function peerFeedHandlers(serving: FeedServing, caller: FeedCaller, options: { readonly idleMs: number }): PeerFeedHandlers {
  const { feeds, share, responses } = serving;
  const streaming = {
    ...options,
    onSent: ({ data }: EncodedMessages): void => {
      responses.release(data);
    },
  };
  const watches = new OpenWatches();
  const paced = (messages: AsyncIterable<EncodedMessages>, { signal }: CallContext): AsyncGenerator<EncodedMessages, void, undefined> =>
    atPaceOf(share, caller, messages, signal);
  return {
    findFeeds: unaryHandler(async ({ feedIds }) => {
      caller.authorize();
      checkBatch(feedIds.length, limits.maxPeerBatchFeeds, 'feeds');
      const found = await Promise.all(feedIds.map(parseFeedId).map((id) => findFeed(feeds, id)));
      return { feeds: found.filter((feed) => feed !== undefined) };
    }),
    getHeads: unaryHandler(async ({ subfeeds }) => {
      caller.authorize();
      checkBatch(subfeeds.length, limits.maxPeerBatchFeeds, 'subfeeds');
      return { heads: (await feeds.heads(subfeeds.map(parsePeerSubfeed))).map(subfeedHeadMessage) };
    }),
    listHeads: unaryHandler(async ({ feedId, after }) => {
      caller.authorize();
      const first = after === '' ? undefined : parseSubfeedHash(after);
      const { items, hasMore } = await feeds.listHeads(parseFeedId(feedId), first, limits.maxPeerBatchFeeds);
      return { heads: items.map(subfeedHeadMessage), hasMore };
    }),
    submitMessages: unaryHandler(async (request) => {
      caller.authorize();
      return appendedMessage(await feeds.append({ ...parsePeerSubmission(request), submitter: caller.nodeId }));
    }),
    readMessages: serverStreamHandler((request, context) => paced(readMessages(serving, request, context), context), streaming),
    watchMessages: serverStreamHandler((request, context) => watches.during(paced(watchMessages(serving, request, context), context)), {
      ...streaming,
      isSubscription: true,
    }),
  };
}

async function findFeed(feeds: ServedFeeds, id: FeedId): Promise<FoundFeed | undefined> {
  try {
    return { feedId: id, isWriteable: (await feeds.find(id)).isWriteable };
  } catch (error) {
    if (isKacheryError(error, 'feed-not-found')) return undefined;
    throw error;
  }
}

async function* readMessages(
  { feeds, responses }: FeedServing,
  request: ReadMessagesRequest,
  { signal }: CallContext,
): AsyncGenerator<EncodedMessages, void, undefined> {
  const maxMessages = parsePosition(request.maxMessages, 'max_messages');
  const options: ReadMessagesOptions = { withProofs: true, signal, ...(maxMessages > 0 && { maxMessages }) };
  const blocksRead = feeds.read(parsePeerSubfeed(request.subfeed), parsePosition(request.position, 'position'), options);
  for await (const blocks of blocksRead) yield encodeMessages(blocks, { withProofs: true, buffers: responses });
}

async function* watchMessages(
  { feeds, responses }: FeedServing,
  { subfeeds }: WatchMessagesRequest,
  { signal }: CallContext,
): AsyncGenerator<EncodedMessages, void, undefined> {
  if (subfeeds.length === 0) throw new KacheryError('invalid-argument', 'There is no subfeed to follow: give one at least.', { field: 'subfeeds' });
  checkBatch(subfeeds.length, limits.maxPeerBatchFeeds, 'subfeeds');
  const watched = subfeeds.map(({ subfeed, position }) => ({ ...parsePeerSubfeed(subfeed), position: parsePosition(position, 'position') }));
  for await (const { index, blocks } of feeds.watch(watched, signal))
    yield encodeMessages(blocks, { withProofs: true, subfeedIndex: index, buffers: responses });
}

/** Messages as fast as the caller's share allows, as long as the caller is authorised. */
async function* atPaceOf(
  share: FeedServing['share'],
  caller: FeedCaller,
  messages: AsyncIterable<EncodedMessages>,
  signal: AbortSignal,
): AsyncGenerator<EncodedMessages, void, undefined> {
  caller.authorize();
  for await (const message of messages) {
    await share.take(caller.nodeId, message.data.byteLength, signal);
    caller.authorize();
    yield message;
  }
}

/** The calls by which one node follows this one. */
class OpenWatches {
  private count = 0;

  async *during<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    const limit = String(limits.maxPeerWatches);
    if (this.count >= limits.maxPeerWatches)
      throw new KacheryError('too-busy', `${limit} calls of this node follow subfeeds already. End one of them.`, { limit });
    this.count++;
    try {
      yield* items;
    } finally {
      this.count--;
    }
  }
}

function subfeedHeadMessage({ subfeed, nameJson, head, fork }: SubfeedHead): SubfeedHeadMessage {
  return { subfeedHash: subfeed.subfeedHash, nameJson, head: head && headMessage(head), fork: fork.map(headMessage) };
}

function headMessage({ length, lastHash, signature }: SignedHead): Head {
  return { length: BigInt(length), lastHash, signature };
}
