import {
  type ListHeadsResponse,
  PeerServiceService as service,
  type ReadMessagesRequest,
  type SubfeedHead as SubfeedHeadMessage,
  type SubmitMessagesResponse,
  type WatchMessagesRequest,
} from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { isContentId } from '../../core/content-id.js';
import { type KacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { limits } from '../../core/limits.js';
import { type Page } from '../../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../../core/subfeed.js';
import { type Appended, type WatchedBlocks, type WatchedSubfeed } from '../../feeds/feed-store.js';
import { type MessageBlock } from '../../feeds/message-block.js';
import { type SubfeedHead } from '../../feeds/subfeed-head.js';
import { type FeedPeer, type FeedRequestOptions, type RemoteFeed, type RemoteReadOptions, type SubmitRequest } from '../feed-peer.js';
import { type PeerChannel, type PeerMethod } from '../link/peer-channel.js';
import { type NodeName, wrongAnswer } from '../link/peer-failure.js';
import { decodeMessageBlocks } from './decode-message-blocks.js';
import { MalformedAnswer } from './malformed-answer.js';
import { parseSubfeedHead } from './parse-subfeed-head.js';

/** The bytes of an answer are looked at where a failure can say what is wrong with them. */
const asBytes = { responseDeserialize: (bytes: Buffer): Buffer => bytes };
const readMethod: PeerMethod<ReadMessagesRequest, Buffer> = { ...service.readMessages, ...asBytes };
const watchMethod: PeerMethod<WatchMessagesRequest, Buffer> = { ...service.watchMessages, ...asBytes };

/** For tests: how long another node may be silent in the middle of an answer. */
export interface RemoteFeedsOptions {
  readonly silentMs?: number | undefined;
}

/** The feeds of another node, asked over a channel that somebody else makes and closes. */
export class RemoteFeeds implements FeedPeer {
  /** `node` is who is at the other end, for messages. */
  constructor(
    private readonly channel: Pick<PeerChannel, 'unary' | 'receive'>,
    private readonly node: NodeName,
    private readonly options: RemoteFeedsOptions = {},
  ) {}

  async findFeeds(ids: readonly FeedId[], options: FeedRequestOptions = {}): Promise<readonly RemoteFeed[]> {
    const { feeds } = await this.channel.unary(service.findFeeds, { feedIds: [...ids] }, { ...this.options, ...options });
    const told = new Map(feeds.map(({ feedId, isWriteable }) => [feedId, isWriteable]));
    if (told.size !== feeds.length) throw this.wrong('it tells of a feed twice');
    const found = ids.flatMap((id): RemoteFeed[] => {
      const isWriteable = told.get(id);
      return isWriteable === undefined ? [] : [{ id, isWriteable }];
    });
    if (found.length < told.size) throw this.wrong('it tells of feeds that were not asked for');
    return found;
  }

  async heads(subfeeds: readonly SubfeedAddress[], options: FeedRequestOptions = {}): Promise<readonly SubfeedHead[]> {
    const request = { subfeeds: subfeeds.map(({ feedId, subfeedHash }) => ({ feedId, subfeedHash })) };
    const { heads } = await this.channel.unary(service.getHeads, request, { ...this.options, ...options });
    if (heads.length !== subfeeds.length) throw this.wrong(`it tells ${String(heads.length)} heads of ${String(subfeeds.length)} subfeeds`);
    return this.parsed(() => subfeeds.map((subfeed, index) => parseSubfeedHead(subfeed, heads[index] ?? noHead)));
  }

  async listHeads(feedId: FeedId, after: SubfeedHash | undefined, options: FeedRequestOptions = {}): Promise<Page<SubfeedHead>> {
    const response = await this.channel.unary(service.listHeads, { feedId, after: after ?? '' }, { ...this.options, ...options });
    return this.parsed(() => parsePage(feedId, after, response));
  }

  async *readMessages(
    { feedId, subfeedHash }: SubfeedAddress,
    position: number,
    { maxMessages = 0, ...options }: RemoteReadOptions = {},
  ): AsyncGenerator<readonly MessageBlock[], void, undefined> {
    const request = { subfeed: { feedId, subfeedHash }, position: BigInt(position), maxMessages: BigInt(maxMessages) };
    for await (const encoded of this.channel.receive(readMethod, request, { ...this.options, ...options }))
      yield this.parsed(() => decodeMessageBlocks(encoded)).blocks;
  }

  async *watchMessages(subfeeds: readonly WatchedSubfeed[], options: FeedRequestOptions = {}): AsyncGenerator<WatchedBlocks, void, undefined> {
    const request = { subfeeds: subfeeds.map(({ feedId, subfeedHash, position }) => ({ subfeed: { feedId, subfeedHash }, position: BigInt(position) })) };
    for await (const encoded of this.channel.receive(watchMethod, request, { ...options, silentMs: Infinity })) {
      const { blocks, subfeedIndex: index } = this.parsed(() => decodeMessageBlocks(encoded));
      if (index >= subfeeds.length) throw this.wrong(`it tells of subfeed ${String(index)}, which it was not asked for`);
      yield { index, blocks };
    }
  }

  async submit({ feedId, subfeed, messages, requestId }: SubmitRequest, options: FeedRequestOptions = {}): Promise<Appended> {
    const { hash, nameJson } = subfeed;
    const request = {
      feedId,
      subfeed: nameJson === undefined ? { $case: 'subfeedHash' as const, value: hash } : { $case: 'nameJson' as const, value: nameJson },
      messages: messages.map((message) => Buffer.from(message.buffer, message.byteOffset, message.byteLength)),
      requestId,
    };
    const response = await this.channel.unary(service.submitMessages, request, { ...this.options, ...options });
    return this.parsed(() => parseAppended(response));
  }

  private parsed<Result>(parse: () => Result): Result {
    try {
      return parse();
    } catch (error) {
      throw error instanceof MalformedAnswer ? this.wrong(error.message) : error;
    }
  }

  private wrong(problem: string): KacheryError {
    return wrongAnswer(this.node, problem);
  }
}

const noHead: SubfeedHeadMessage = { subfeedHash: '', head: undefined, fork: [] };

/** A page that ends nowhere, or comes again and again, would keep whoever lists a feed busy for ever. */
function parsePage(feedId: FeedId, after: SubfeedHash | undefined, { heads, hasMore }: ListHeadsResponse): Page<SubfeedHead> {
  if (heads.length > limits.maxPeerBatchFeeds || (hasMore && heads.length === 0)) throw new MalformedAnswer(`it has a page of ${String(heads.length)} heads`);
  let before = after ?? '';
  for (const { subfeedHash } of heads) {
    if (!isContentId(subfeedHash) || subfeedHash <= before) throw new MalformedAnswer('the subfeeds of a page are not in order');
    before = subfeedHash;
  }
  return { items: heads.map((head) => parseSubfeedHead({ feedId, subfeedHash: head.subfeedHash as SubfeedHash }, head)), hasMore };
}

function parseAppended({ position, appendedAt }: SubmitMessagesResponse): Appended {
  if (!appendedAt || position > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedAnswer('it does not say where messages were appended');
  return { position: Number(position), timestampMs: Number(appendedAt.seconds) * 1000 + Math.floor(appendedAt.nanos / 1_000_000) };
}
