import type { ExecutionContext } from 'ava';

import { systemClock } from '../../src/core/clock.js';
import { KacheryError } from '../../src/core/failure.js';
import { type FeedId } from '../../src/core/feed-id.js';
import { type NodeId, parseNodeId } from '../../src/core/node-id.js';
import { type SubfeedAddress, type SubfeedHash } from '../../src/core/subfeed.js';
import { type WatchedSubfeed } from '../../src/feeds/feed-store.js';
import { type LocalFeeds } from '../../src/feeds/local-feeds.js';
import { type FeedPeer, type FeedRequestOptions, type RemoteFeed, type RemoteReadOptions, type SubmitRequest } from '../../src/network/feed-peer.js';
import { type MissingPeer, type Peer, type Peers, type PeerSelection } from '../../src/network/peer.js';
import { EverybodySearch } from '../../src/network/peers/everybody-search.js';
import { FeedReplication } from '../../src/transfer/feeds/feed-replication.js';
import { NetworkedFeeds } from '../../src/transfer/feeds/networked-feeds.js';
import { type ReplicationTimes } from '../../src/transfer/feeds/replication-parts.js';
import { openFeeds } from './temporary-feeds.js';
import { temporaryFolder } from './temporary-storage.js';

const quickTimes: ReplicationTimes = {
  headGraceMs: 100,
  planDelayMs: 1,
  firstRetryMs: 1,
  maxRetryMs: 20,
  distrustMs: 600_000,
  absenceMs: 20,
  reachMs: 1_000,
  firstSeekPauseMs: 20,
  maxSeekPauseMs: 100,
};

/** The feeds of another node without a connection in between: all that PeerService does for one caller, until the connection is broken. */
export class LocalFeedPeer implements FeedPeer {
  /** How many calls of each kind were made. */
  readonly calls = { findFeeds: 0, heads: 0, listHeads: 0, readMessages: 0, watchMessages: 0, submit: 0 };
  private readonly broken = new AbortController();

  constructor(
    private readonly feeds: LocalFeeds,
    private readonly caller: NodeId,
  ) {}

  /** Fails what is under way and everything from now on with `node-unreachable`. */
  break(): void {
    this.broken.abort(new KacheryError('node-unreachable', 'The connection broke.'));
  }

  async findFeeds(ids: readonly FeedId[], options: FeedRequestOptions = {}): Promise<readonly RemoteFeed[]> {
    this.calls.findFeeds++;
    const found = ids.map(async (id): Promise<RemoteFeed[]> => {
      const feed = await this.feeds.find(id).catch(() => undefined);
      return feed ? [{ id, isWriteable: feed.isWriteable }] : [];
    });
    return (await this.during(Promise.all(found), options)).flat();
  }

  heads(subfeeds: readonly SubfeedAddress[], options: FeedRequestOptions = {}) {
    this.calls.heads++;
    return this.during(this.feeds.heads(subfeeds), options);
  }

  listHeads(feedId: FeedId, after: SubfeedHash | undefined, options: FeedRequestOptions = {}) {
    this.calls.listHeads++;
    return this.during(this.feeds.listHeads(feedId, after, 1_000), options);
  }

  async *readMessages(subfeed: SubfeedAddress, position: number, { maxMessages = Infinity, ...options }: RemoteReadOptions = {}) {
    this.calls.readMessages++;
    yield* this.all(this.feeds.read(subfeed, position, { withProofs: true, maxMessages, signal: this.broken.signal }), options);
  }

  async *watchMessages(subfeeds: readonly WatchedSubfeed[], options: FeedRequestOptions = {}) {
    this.calls.watchMessages++;
    yield* this.all(this.feeds.watch(subfeeds, AbortSignal.any([this.broken.signal, ...(options.signal ? [options.signal] : [])])), options);
  }

  submit(request: SubmitRequest, options: FeedRequestOptions = {}) {
    this.calls.submit++;
    const { requestId, ...rest } = request;
    return this.during(this.feeds.append({ ...rest, submitter: this.caller, ...(requestId !== undefined && { requestId }) }), options);
  }

  private async *all<Item>(items: AsyncIterable<Item>, options: FeedRequestOptions): AsyncGenerator<Item, void, undefined> {
    const iterator = items[Symbol.asyncIterator]() as AsyncIterator<Item, void, undefined>;
    try {
      for (;;) {
        const next = await this.during(iterator.next(), options);
        if (next.done) {
          this.check(options);
          return;
        }
        yield next.value;
      }
    } finally {
      void iterator.return?.();
    }
  }

  private during<Result>(work: Promise<Result>, options: FeedRequestOptions): Promise<Result> {
    const signal = AbortSignal.any([this.broken.signal, ...(options.signal ? [options.signal] : [])]);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        reject(this.failure(options));
      };
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject);
    });
  }

  private check(options: FeedRequestOptions): void {
    if (this.broken.signal.aborted || options.signal?.aborted) throw this.failure(options);
  }

  private failure({ signal }: FeedRequestOptions): KacheryError {
    return signal?.aborted ? new KacheryError('cancelled', 'The operation was cancelled by its caller.') : (this.broken.signal.reason as KacheryError);
  }
}

interface KnownNode {
  readonly nodeId: NodeId;
  readonly label: string;
  readonly makePeer: () => FeedPeer;
  connected: FeedPeer | undefined;
  isReachable: boolean;
}

/** The nodes that one node may ask: a test connects and disconnects them. */
export class TestPeers implements Peers {
  private readonly nodes: KnownNode[] = [];
  private readonly listeners = new Set<() => void>();
  /** The same for the same connection, as Peers promises. */
  private readonly peers = new WeakMap<FeedPeer, Peer>();

  /** Adds a node that is not connected. The first ones are the nearest. */
  add(nodeId: NodeId, label: string, makePeer: () => FeedPeer): void {
    this.nodes.push({ nodeId, label, makePeer, connected: undefined, isReachable: true });
  }

  connect(label: string): void {
    const node = this.nodeOf(label);
    node.isReachable = true;
    node.connected ??= node.makePeer();
    this.tell();
  }

  /** Puts a better connection in the place of the one that there is, which goes on for those who have calls on it. */
  replace(label: string): void {
    const node = this.nodeOf(label);
    node.connected = node.makePeer();
    this.tell();
  }

  /** Breaks the connection; one that is not reachable cannot be connected until the test connects it. */
  disconnect(label: string, { isReachable = false }: { readonly isReachable?: boolean } = {}): void {
    const node = this.nodeOf(label);
    const { connected } = node;
    node.connected = undefined;
    node.isReachable = isReachable;
    if (connected instanceof LocalFeedPeer) connected.break();
    this.tell();
  }

  /** What is asked of a node now. */
  peerOf(label: string): LocalFeedPeer {
    const { connected } = this.nodeOf(label);
    if (connected instanceof LocalFeedPeer) return connected;
    throw new Error(`${label} is not connected.`);
  }

  connected({ nodeId }: PeerSelection = {}): readonly Peer[] {
    return this.nodes.flatMap((node) => (node.connected && (nodeId ?? node.nodeId) === node.nodeId ? [this.peerOver(node, node.connected)] : []));
  }

  missing(): readonly MissingPeer[] {
    return this.nodes.filter(({ connected }) => !connected).map(({ nodeId, label }) => ({ nodeId, label, problem: 'switched off', hasRefused: false }));
  }

  async connectMissing(): Promise<void> {
    for (const node of this.nodes) if (node.isReachable) node.connected ??= node.makePeer();
    this.tell();
  }

  search() {
    return new EverybodySearch(this);
  }

  watch(onChange: () => void): () => void {
    this.listeners.add(onChange);
    return () => this.listeners.delete(onChange);
  }

  private peerOver(node: KnownNode, connection: FeedPeer): Peer {
    const peer = this.peers.get(connection) ?? peerOf(node, connection);
    this.peers.set(connection, peer);
    return peer;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private nodeOf(label: string): KnownNode {
    const node = this.nodes.find((each) => each.label === label);
    if (!node) throw new Error(`There is no node ${label}.`);
    return node;
  }
}

/** A node with feeds, and what brings those of others to it. */
export interface FeedNode {
  readonly label: string;
  readonly nodeId: NodeId;
  readonly folder: string;
  readonly feeds: LocalFeeds;
  readonly peers: TestPeers;
  readonly replication: FeedReplication;
  /** Its own and others' feeds together. */
  readonly networked: NetworkedFeeds;
  /** What was logged as a warning. */
  readonly warnings: string[];
}

let made = 0;

/** A node that knows no others yet. Everything is closed when the test ends. */
export async function openFeedNode(t: ExecutionContext, label: string, times: Partial<ReplicationTimes> = {}): Promise<FeedNode> {
  const folder = await temporaryFolder(t);
  const feeds = await openFeeds(t, folder);
  const nodeId = parseNodeId((++made).toString(16).padStart(64, '0'));
  const peers = new TestPeers();
  const warnings: string[] = [];
  const silent = (): void => undefined;
  const log = { debug: silent, info: silent, warn: (_fields: object, message: string) => void warnings.push(message), error: silent };
  let requests = 0;
  const newRequestId = (): string => `request-${String(++requests).padStart(10, '0')}`;
  const replication = new FeedReplication({ feeds, peers, clock: systemClock, log, newRequestId }, { ...quickTimes, ...times });
  t.teardown(() => replication.close());
  return { label, nodeId, folder, feeds, peers, replication, networked: new NetworkedFeeds(feeds, replication, nodeId), warnings };
}

/** Lets nodes know each other, and connects them. */
export function connectAll(...nodes: readonly FeedNode[]): void {
  for (const node of nodes) for (const other of nodes) if (other !== node) introduce(node, other);
}

/** Lets `node` ask `other`, through `change` if it is given, and connects it. */
export function introduce(node: FeedNode, other: FeedNode, change: (peer: LocalFeedPeer) => FeedPeer = (peer) => peer): void {
  node.peers.add(other.nodeId, other.label, () => change(new LocalFeedPeer(other.feeds, node.nodeId)));
  node.peers.connect(other.label);
}

function peerOf({ nodeId, label }: KnownNode, feeds: FeedPeer): Peer {
  const noFiles = (): never => {
    throw new Error('This node has no files.');
  };
  return { nodeId, label, roundTripMs: 1, feeds, findFiles: noFiles, readFile: noFiles, readFiles: noFiles };
}
