import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';

import { type ByteRange } from '../../src/core/byte-range.js';
import { type ContentId } from '../../src/core/content-id.js';
import { KacheryError } from '../../src/core/failure.js';
import { type NodeId, parseNodeId } from '../../src/core/node-id.js';
import { type FeedPeer } from '../../src/network/feed-peer.js';
import { type MissingPeer, type Peer, type Peers, type PeerSelection, type RemoteFile, type RequestOptions } from '../../src/network/peer.js';
import { EverybodySearch } from '../../src/network/peers/everybody-search.js';
import { idOf, manifestBytes, manifestOf } from './content-of.js';

/** What a script can make of a piece that a node is about to send: other bytes, a wait, or a failure. */
export type PieceScript = (piece: {
  readonly id: ContentId;
  readonly position: number;
  readonly bytes: Buffer;
  readonly signal: AbortSignal;
}) => Promise<Buffer> | Buffer;

/** This network is for files. */
const noFeeds = new Proxy({} as FeedPeer, {
  get: () => {
    throw new Error('a node of this network was asked for feeds');
  },
});

/** A node with files in memory, that does what a test wants. */
export class MemoryPeer implements Peer {
  readonly nodeId: NodeId;
  readonly feeds = noFeeds;
  roundTripMs = 1;
  /** Ranges that it was asked for, and how many bytes it sent. */
  readonly asked: { readonly id: ContentId; readonly range: ByteRange }[] = [];
  readonly lookups: (readonly ContentId[])[] = [];
  sentBytes = 0;
  /** Requests that are under way. */
  openRequests = 0;
  maxOpenRequests = 0;
  /** Bytes of a piece. */
  messageBytes = 64 * 1024;
  /** What it does to each piece. */
  script: PieceScript = ({ bytes }) => bytes;
  /** What it does before it answers a lookup. */
  beforeLookup: (signal: AbortSignal) => Promise<void> | void = () => undefined;
  private readonly files = new Map<ContentId, { readonly bytes: Buffer; readonly claim: RemoteFile }>();

  constructor(readonly label: string) {
    this.nodeId = parseNodeId(createHash('sha256').update(label).digest('hex'));
  }

  /** Has a file, with a manifest cut every so many bytes if `chunkBytes` is given; `claim` is what it says of it otherwise than is true. */
  has(bytes: Buffer, { chunkBytes, claim = {} }: { readonly chunkBytes?: number; readonly claim?: Partial<RemoteFile> } = {}): this {
    const manifest = chunkBytes === undefined ? undefined : manifestBytes(manifestOf(bytes, chunkBytes));
    if (manifest) this.has(manifest);
    const facts = { id: idOf(bytes), sizeBytes: bytes.byteLength, ...(manifest && { manifestId: idOf(manifest) }), ...claim };
    this.files.set(facts.id, { bytes, claim: facts });
    return this;
  }

  /** Has it no longer. */
  loses(id: ContentId): void {
    this.files.delete(id);
  }

  /** Bytes of a content that it was asked for. */
  askedBytesOf(id: ContentId): number {
    return this.asked.filter((request) => request.id === id).reduce((sum, { range }) => sum + range.end - range.start, 0);
  }

  async findFiles(ids: readonly ContentId[], { signal = new AbortController().signal }: RequestOptions = {}): Promise<readonly RemoteFile[]> {
    this.lookups.push(ids);
    await this.beforeLookup(signal);
    return ids.flatMap((id) => this.files.get(id)?.claim ?? []);
  }

  async *readFile(id: ContentId, range: ByteRange, { signal = new AbortController().signal }: RequestOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    this.asked.push({ id, range });
    this.openRequests += 1;
    this.maxOpenRequests = Math.max(this.maxOpenRequests, this.openRequests);
    try {
      const file = this.files.get(id);
      if (!file) throw new KacheryError('file-not-found', 'it does not have the file');
      for (let position = range.start; position < range.end; position += this.messageBytes) {
        const bytes = Buffer.from(file.bytes.subarray(position, Math.min(position + this.messageBytes, range.end)));
        const sent = await this.script({ id, position, bytes, signal });
        if (signal.aborted) throw new KacheryError('cancelled', 'cancelled');
        this.sentBytes += sent.byteLength;
        yield sent;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      this.openRequests -= 1;
    }
  }

  async *readFiles(
    ids: readonly ContentId[],
    { signal = new AbortController().signal }: RequestOptions = {},
  ): AsyncGenerator<Buffer | undefined, void, undefined> {
    for (const id of ids) {
      const file = this.files.get(id);
      if (!file || file.bytes.byteLength > 1024 * 1024) yield undefined;
      else yield await this.script({ id, position: 0, bytes: Buffer.from(file.bytes), signal });
    }
  }
}

/** A network of such nodes. */
export class MemoryNetwork implements Peers {
  private readonly watchers = new Set<() => void>();
  private readonly links = new Map<MemoryPeer, Peer>();
  private readonly lost = new Map<MemoryPeer, { readonly problem: string; readonly hasRefused: boolean }>();
  /** Nodes that can be connected when that is tried. */
  readonly reachable = new Set<MemoryPeer>();
  connectAttempts = 0;

  constructor(...peers: readonly MemoryPeer[]) {
    for (const peer of peers) this.connect(peer);
  }

  /** Connects a node; each connection is another Peer. */
  connect(peer: MemoryPeer): void {
    this.lost.delete(peer);
    this.links.set(peer, new Link(peer));
    for (const tell of [...this.watchers]) tell();
  }

  /** Breaks a node's connection: requests under way fail. */
  disconnect(peer: MemoryPeer, problem = 'connection refused', { hasRefused = false } = {}): void {
    this.cut(peer);
    this.lost.set(peer, { problem, hasRefused });
    for (const tell of [...this.watchers]) tell();
  }

  /** Breaks a node's connection, and does not know it any more. */
  remove(peer: MemoryPeer): void {
    this.cut(peer);
    this.lost.delete(peer);
    for (const tell of [...this.watchers]) tell();
  }

  connected(selection: PeerSelection = {}): readonly Peer[] {
    this.check(selection);
    return [...this.links.values()].filter(({ nodeId }) => selection.nodeId === undefined || nodeId === selection.nodeId);
  }

  missing(selection: PeerSelection = {}): readonly MissingPeer[] {
    this.check(selection);
    return [...this.lost]
      .filter(([{ nodeId }]) => selection.nodeId === undefined || nodeId === selection.nodeId)
      .map(([{ nodeId, label }, why]) => ({ nodeId, label, ...why }));
  }

  async connectMissing(): Promise<void> {
    this.connectAttempts += 1;
    await new Promise((resolve) => setImmediate(resolve));
    for (const peer of [...this.lost.keys()]) if (this.reachable.has(peer)) this.connect(peer);
  }

  search() {
    return new EverybodySearch(this);
  }

  watch(onChange: () => void): () => void {
    this.watchers.add(onChange);
    return () => {
      this.watchers.delete(onChange);
    };
  }

  private cut(peer: MemoryPeer): void {
    (this.links.get(peer) as Link | undefined)?.cut();
    this.links.delete(peer);
  }

  private check({ nodeId, channel }: PeerSelection): void {
    if (channel !== undefined) throw new KacheryError('channel-not-joined', 'not joined');
    const known = [...this.links.keys(), ...this.lost.keys()];
    if (nodeId !== undefined && !known.some((peer) => peer.nodeId === nodeId)) throw new KacheryError('not-authorized', 'no channel authorises it');
  }
}

/** A connection with a node. */
class Link implements Peer {
  readonly feeds = noFeeds;
  private readonly broken = new AbortController();

  constructor(private readonly peer: MemoryPeer) {
    setMaxListeners(0, this.broken.signal);
  }

  get nodeId(): NodeId {
    return this.peer.nodeId;
  }

  get label(): string {
    return this.peer.label;
  }

  get roundTripMs(): number {
    return this.peer.roundTripMs;
  }

  cut(): void {
    this.broken.abort();
  }

  findFiles(ids: readonly ContentId[], options: RequestOptions = {}): Promise<readonly RemoteFile[]> {
    return this.orBroken(this.peer.findFiles(ids, options));
  }

  readFile(id: ContentId, range: ByteRange, options: RequestOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    return this.untilBroken(this.peer.readFile(id, range, { signal: this.signalOf(options) }));
  }

  readFiles(ids: readonly ContentId[], options: RequestOptions = {}): AsyncGenerator<Buffer | undefined, void, undefined> {
    return this.untilBroken(this.peer.readFiles(ids, { signal: this.signalOf(options) }));
  }

  private signalOf({ signal }: RequestOptions): AbortSignal {
    return AbortSignal.any([this.broken.signal, ...(signal ? [signal] : [])]);
  }

  private async *untilBroken<T>(items: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const { value, done } = await this.orBroken(items.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      items.return().catch(() => undefined);
    }
  }

  private async orBroken<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.broken;
    let stop = (): void => undefined;
    const broken = new Promise<never>((_, reject) => {
      stop = () => {
        reject(new KacheryError('node-unreachable', 'the connection broke'));
      };
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
    });
    try {
      return await Promise.race([work, broken]);
    } finally {
      work.catch(() => undefined);
      broken.catch(() => undefined);
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Never goes on: the node is silent. */
export function stall(): Promise<never> {
  return new Promise(() => undefined);
}

/** The bytes with one of them changed. */
export function damaged(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  other[other.byteLength >> 1]! ^= 1;
  return other;
}
