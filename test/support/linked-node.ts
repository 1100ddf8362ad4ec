import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { ExecutionContext } from 'ava';

import { type sendUnaryData, type ServerWritableStream, type UntypedServiceImplementation } from '@grpc/grpc-js';

import {
  type FoundFile,
  type PeerServiceServer,
  PeerServiceService,
  type ReadFileRequest,
  type ReadFileResponse,
  type ReadFileResult,
} from '../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { systemClock } from '../../src/core/clock.js';
import { type ContentId, parseContentId } from '../../src/core/content-id.js';
import { KacheryError } from '../../src/core/failure.js';
import { type NodeId, parseNodeId } from '../../src/core/node-id.js';
import { AddressBook } from '../../src/network/addresses/address-book.js';
import { type Caller } from '../../src/network/caller.js';
import { greetingOf, greetResponse } from '../../src/network/link/greeting-messages.js';
import { type Carrier } from '../../src/network/link/carrier.js';
import { type LinkTiming } from '../../src/network/link/link-timing.js';
import { TcpCarrier } from '../../src/network/link/tcp-carrier.js';
import { Links } from '../../src/network/links.js';
import { type NodeIdentity } from '../../src/network/node-identity.js';
import { LinkedPeers } from '../../src/network/peers/linked-peers.js';
import { systemTimers } from '../../src/core/timers.js';
import { type LargeChannelBounds } from '../../src/network/providers/large-channel-bounds.js';
import { LinkedIndexNetwork } from '../../src/network/providers/linked-index-network.js';
import { ProviderIndex } from '../../src/network/providers/provider-index.js';
import { AnnouncedContents } from '../../src/daemon/announced-contents.js';
import { type LocalFeeds } from '../../src/feeds/local-feeds.js';
import { peerFeedDefinition } from '../../src/rpc/peer/peer-feed-definition.js';
import { type PeerFeedHandlers, peerFeedHandlers } from '../../src/rpc/peer/peer-feed-handlers.js';
import { providerHandlers } from '../../src/rpc/peer/provider-handlers.js';
import { RelayCarrier } from '../../src/network/relay/relay-carrier.js';
import { TunnelRelay } from '../../src/network/relay/tunnel-relay.js';
import { FairShare } from '../../src/network/serving/fair-share.js';
import { limits } from '../../src/core/limits.js';
import { tunnelDefinition } from '../../src/rpc/codec/tunnel-definition.js';
import { OpenCalls } from '../../src/rpc/interceptors/open-calls.js';
import { prepareTunnels } from '../../src/rpc/interceptors/prepare-tunnels.js';
import { tunnelHandlers } from '../../src/rpc/peer/tunnel-handlers.js';
import { responseBuffers } from '../../src/rpc/feeds/encoded-messages.js';
import { ReadBuffers } from '../../src/storage/read-buffers.js';
import { toStatus } from '../../src/rpc/codec/status-details.js';
import { MemoryMembership, type MemoryChannel } from './memory-membership.js';

/** A node without feeds announces none. */
const noFeeds = { list: () => Promise.resolve({ items: [], hasMore: false }), watchFeeds: () => () => undefined };

/** Hears of everything and says nothing. */
export const silentLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A node with a key of its own. */
export function newIdentity(): NodeIdentity & { readonly id: NodeId } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const nodeId = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return { nodeId, privateKey, id: parseNodeId(nodeId) };
}

/** Patience of a few milliseconds where the daemon has seconds, so that what comes after it can be waited for. */
export const quickTiming: Partial<LinkTiming> = {
  nextAddressMs: 50,
  firstRetryMs: 20,
  maxRetryMs: 200,
  refusedRetryMs: 50,
  recentFailureMs: 0,
  stableAfterMs: 0,
  tickMs: 20,
  surplusIdleMs: 100,
  refusedLingerMs: 50,
  drainMs: 100,
};

/** How a test wants a node. */
export interface LinkedNodeOptions {
  readonly identity?: ReturnType<typeof newIdentity>;
  readonly channels?: readonly MemoryChannel[];
  /** True not to listen. */
  readonly isHidden?: boolean;
  readonly staticPeers?: readonly string[];
  readonly timing?: Partial<LinkTiming>;
  /** From where on channels are large, and what is done in them. */
  readonly largeChannels?: Partial<LargeChannelBounds>;
  readonly label?: string;
  /** Feeds that it serves and announces; none unless given. */
  readonly feeds?: LocalFeeds;
  /** Path of the file of addresses. */
  readonly addressesPath?: string;
  readonly port?: number;
  /** Further ways to carry bytes. */
  readonly carriers?: (parts: {
    readonly identity: NodeIdentity;
    readonly membership: MemoryMembership;
    readonly addresses: AddressBook;
  }) => readonly Carrier[];
  /** Bytes a second that it passes on between others; as many as it can unless given. */
  readonly relayBytesPerSecond?: number;
}

/** A node's links, with files in memory that it serves to those who are authorised. */
export class LinkedNode {
  /** Everybody who has opened a connection over which he calls this node. */
  readonly callers: Caller[] = [];
  /** What was logged. */
  readonly logged: string[] = [];
  readonly files = new Map<string, Buffer>();
  /** Which calls others have made, by name. */
  readonly served: string[] = [];
  private readonly onStored = new Set<(id: ContentId) => void>();
  private indexOfNode: ProviderIndex | undefined;
  /** Hears of each connection over which somebody calls this node, as it is made. */
  onCaller: (caller: Caller) => void = () => undefined;
  /** What is sent of a file: a test may cut, stall or change it. */
  send: (call: ServerWritableStream<ReadFileRequest, ReadFileResponse>, content: Buffer, caller: Caller) => void = sendAll;

  private constructor(
    readonly id: NodeId,
    readonly membership: MemoryMembership,
    readonly links: Links,
    readonly peers: LinkedPeers,
    readonly carrier: TcpCarrier,
    readonly addresses: AddressBook,
    private readonly feeds: LocalFeeds | undefined,
  ) {}

  /** A node that runs until the test ends. */
  static async start(t: ExecutionContext, options: LinkedNodeOptions = {}): Promise<LinkedNode> {
    const node = await LinkedNode.make(options);
    t.teardown(async () => {
      await node.index.close();
      await node.links.close();
    });
    await node.links.start();
    node.index.start();
    return node;
  }

  private static async make(options: LinkedNodeOptions): Promise<LinkedNode> {
    const { identity = newIdentity(), channels = [], timing, staticPeers = [], label = '', port = 0 } = options;
    const membership = new MemoryMembership(identity.id, channels);
    const addresses = await AddressBook.open(options.addressesPath, { clock: systemClock, log: silentLog });
    const carrier = new TcpCarrier(addresses, options.isHidden ? undefined : { host: '127.0.0.1', port, orAnyPort: false });
    const connected = () => made.node?.links.connected() ?? [];
    const relayed = new RelayCarrier({ membership, connected });
    const share = new FairShare(systemClock, {
      bytesPerSecond: options.relayBytesPerSecond,
      transfersPerNode: limits.maxTunnelsOfNode,
      transfers: limits.maxTunnels,
    });
    const relay = new TunnelRelay({ membership, connected, share }, { idleMs: 60_000 });
    const made: { node?: LinkedNode } = {};
    const note = (_fields: object, message: string): void => void made.node?.logged.push(message);
    const links = await Links.open(
      {
        ...{
          identity,
          membership,
          addresses,
          carriers: [carrier, relayed, ...(options.carriers?.({ identity, membership, addresses }) ?? [])],
          clock: systemClock,
          random: Math.random,
          log: { debug: note, info: note, warn: note, error: note },
        },
        serve: (caller) => ({
          definition: { ...PeerServiceService, ...peerFeedDefinition, ...tunnelDefinition },
          implementation: { ...made.node!.serving(caller), ...tunnelHandlers({ relay, carrier: relayed }, caller) },
          options: { interceptors: [prepareTunnels, new OpenCalls(new ReadBuffers(1, 1), { subscriptions: new Set(), idleMs: 60_000 }).interceptor] },
        }),
      },
      {
        label,
        version: '1',
        staticPeers,
        largeChannels: options.largeChannels,
        isRelay: () => membership.isRelay,
        timing: { ...quickTiming, ...timing },
      },
    );
    made.node = new LinkedNode(
      identity.id,
      membership,
      links,
      new LinkedPeers(links, membership, () => made.node!.index.search()),
      carrier,
      addresses,
      options.feeds,
    );
    return made.node;
  }

  /** Its part of the index of large channels; what it announces comes a moment after it was stored. */
  get index(): ProviderIndex {
    return (this.indexOfNode ??= new ProviderIndex(
      {
        network: new LinkedIndexNetwork({ ownId: this.id, links: this.links, membership: this.membership, addresses: this.addresses }),
        catalog: new AnnouncedContents(this.announcedFiles(), this.feeds ?? noFeeds),
        ...{ membership: this.membership, clock: systemClock, timers: systemTimers, random: Math.random, log: silentLog },
      },
      { newsMs: 20, firstRoundMs: 50, retryMs: 50, doubtMs: 100 },
    ));
  }

  /** Where it listens, as `host:port`. */
  get address(): string {
    return this.carrier.listeningAddresses()[0]!;
  }

  /** Keeps a file. */
  store(content: Buffer): ContentId {
    const id = parseContentId(createHash('sha1').update(content).digest('hex'));
    this.files.set(id, content);
    for (const tell of this.onStored) tell(id);
    return id;
  }

  private announcedFiles(): ConstructorParameters<typeof AnnouncedContents>[0] {
    return {
      idPages: async function* (this: LinkedNode) {
        yield [...this.files.keys()].map(parseContentId);
      }.bind(this),
      watch: (onNew) => {
        this.onStored.add(onNew);
        return () => this.onStored.delete(onNew);
      },
    };
  }

  /** Its feeds as it serves them. */
  private servingFeeds(caller: Caller): UntypedServiceImplementation {
    if (!this.feeds) return {};
    const share = new FairShare(systemClock, { bytesPerSecond: undefined, transfersPerNode: Infinity, transfers: Infinity });
    const handlers = peerFeedHandlers({ feeds: this.feeds, share, responses: responseBuffers() }, caller, { idleMs: 60_000 });
    return {
      ...handlers,
      findFeeds: (call: Parameters<PeerFeedHandlers['findFeeds']>[0], callback: Parameters<PeerFeedHandlers['findFeeds']>[1]) => {
        this.served.push('findFeeds');
        handlers.findFeeds(call, callback);
      },
    };
  }

  private serving(caller: Caller): Partial<PeerServiceServer> & UntypedServiceImplementation {
    this.callers.push(caller);
    this.onCaller(caller);
    const { announceContents, findProviders } = providerHandlers(this.index, caller);
    return {
      announceContents: (call, callback) => {
        this.served.push('announceContents');
        announceContents(call, callback);
      },
      findProviders: (call, callback) => {
        this.served.push('findProviders');
        findProviders(call, callback);
      },
      greet: (call, callback) => {
        answer(callback, () => greetResponse(caller.greet(greetingOf(call.request))));
      },
      listMembers: (_call, callback) => {
        answer(callback, () => ({ members: caller.members().map(({ addresses, ...member }) => ({ ...member, addresses: [...addresses] })) }));
      },
      findFiles: (call, callback) => {
        this.served.push('findFiles');
        answer(callback, () => ({ files: call.request.sha1s.flatMap((sha1) => this.found(sha1)) }));
      },
      readFile: (call) => {
        const content = this.files.get(call.request.sha1);
        if (content) this.send(call, content, caller);
        else call.emit('error', toStatus(new KacheryError('file-not-found', 'It is not here.')));
      },
      readFiles: (call) => {
        call.write({ results: call.request.sha1s.map((sha1) => resultOf(this.files.get(sha1))) });
        call.end();
      },
      ...this.servingFeeds(caller),
    };
  }

  private found(sha1: string): FoundFile[] {
    const content = this.files.get(sha1);
    return content ? [{ sha1, sizeBytes: BigInt(content.byteLength), manifestSha1: undefined }] : [];
  }
}

function resultOf(content: Buffer | undefined): ReadFileResult {
  return { outcome: content ? { $case: 'content', value: content } : { $case: 'errorReason', value: 'FILE_NOT_FOUND' } };
}

function answer<Response>(callback: sendUnaryData<Response>, work: () => Response): void {
  try {
    callback(null, work());
  } catch (error) {
    callback(toStatus(error));
  }
}

function sendAll(call: ServerWritableStream<ReadFileRequest, ReadFileResponse>, content: Buffer): void {
  const start = Number(call.request.offset);
  const end = Number(call.request.length) === 0 ? content.byteLength : start + Number(call.request.length);
  for (let position = start; position < end; position += 65536) call.write({ data: content.subarray(position, Math.min(end, position + 65536)) });
  call.end();
}
