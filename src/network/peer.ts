import { type ByteRange } from '../core/byte-range.js';
import { type ContentId } from '../core/content-id.js';
import { type NodeId } from '../core/node-id.js';
import { type FeedPeer } from './feed-peer.js';
import { type RecordedId } from './providers/record-key.js';

/** A file that another node claims to have. Nothing of it is proven. */
export interface RemoteFile {
  readonly id: ContentId;
  readonly sizeBytes: number;
  /** Of a manifest that the node has, too. */
  readonly manifestId?: ContentId;
}

/** Stops a request when aborted. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How bytes are asked for. */
export interface DataRequestOptions extends RequestOptions {
  /** Hears when this node itself holds back what has come, for its own limits, and when it goes on: meanwhile the other node is neither silent nor slow. */
  readonly onHeld?: ((isHeld: boolean) => void) | undefined;
}

/**
 * Another node that this one is connected with, and what can be asked of it. Every request fails with `node-unreachable` when the connection breaks or the node
 * is silent for too long, with `not-authorized` if it does not serve this node any more, and with `too-busy` and `daemon-stopping` as it says.
 */
export interface Peer {
  readonly nodeId: NodeId;
  /** Name for people; may be empty. */
  readonly label: string;
  /** Time from a request to its answer, measured last, in milliseconds; undefined if it was never measured. */
  readonly roundTripMs: number | undefined;
  /** What can be asked of its feeds. */
  readonly feeds: FeedPeer;

  /** Those of the files that the node claims to have, in the order of `ids`. At most limits.maxPeerBatchFiles ids. */
  findFiles(ids: readonly ContentId[], options?: RequestOptions): Promise<readonly RemoteFile[]>;

  /**
   * The bytes of a range as the node sends them: not verified, but neither more nor less than the range. Each piece is the caller's to keep. Fails with
   * `file-not-found` too.
   */
  readFile(id: ContentId, range: ByteRange, options?: DataRequestOptions): AsyncGenerator<Buffer, void, undefined>;

  /** The contents of small files in the order of `ids`, not verified; undefined for one that the node does not give. At most limits.maxPeerBatchFiles ids. */
  readFiles(ids: readonly ContentId[], options?: DataRequestOptions): AsyncGenerator<Buffer | undefined, void, undefined>;
}

/** Which nodes may be asked. */
export interface PeerSelection {
  /** Only this one. */
  readonly nodeId?: NodeId | undefined;
  /** Only those that this joined channel authorises: its address, or its label where only one has it. */
  readonly channel?: string | undefined;
}

/** A node that may be asked and is not connected now. */
export interface MissingPeer {
  readonly nodeId: NodeId;
  /** Name for people; may be empty. */
  readonly label: string;
  /** Why it could not be connected the last time, for people; empty if it was not tried. */
  readonly problem: string;
  /** Whether it was reached then and does not serve this node: no channel that both have joined lists both. */
  readonly hasRefused: boolean;
}

/** One search for contents: which nodes are worth asking. In small channels all are; in large ones those that the channel's index names. */
export interface PeerSearch {
  /** Those that are connected now, nearest first. Fails as Peers.connected. */
  connected(selection?: PeerSelection): readonly Peer[];

  /** Those that may have the contents and are not connected now. Fails as `connected`. */
  missing(selection?: PeerSelection): readonly MissingPeer[];

  /** True if for each content other nodes may be worth asking: then a step for some says nothing of others. */
  readonly dependsOnContent: boolean;

  /**
   * Takes a step to reach more nodes that may have contents of which nobody said until now that it has them. Resolves with whether there are further steps.
   * Never fails.
   */
  reachMore(ids: readonly RecordedId[], selection?: PeerSelection, options?: RequestOptions): Promise<boolean>;
}

/** The other nodes that joined channels authorise. */
export interface Peers {
  /**
   * Those that are connected now, nearest first. A connection is the same Peer as long as it lasts, and one that was made anew is another. Fails with `channel-not-joined` for a channel that is not joined, and with `not-authorized` for a node that no
   * joined channel authorises.
   */
  connected(selection?: PeerSelection): readonly Peer[];

  /** Those that are not connected now. Fails as `connected`. */
  missing(selection?: PeerSelection): readonly MissingPeer[];

  /** A search of its own for contents. */
  search(): PeerSearch;

  /** Tries to connect those that are not connected, but not all members of a large channel, each once; resolves when all of them are or have failed, or after `limits.connectMs`. Never fails. */
  connectMissing(selection?: PeerSelection, options?: RequestOptions): Promise<void>;

  /** Calls `onChange` whenever a node was connected or lost, until the function that it returns is called. */
  watch(onChange: () => void): () => void;
}
