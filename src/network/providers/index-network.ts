import { type NodeId } from '../../core/node-id.js';
import { type ChannelTag } from '../membership.js';
import { type RequestOptions } from '../peer.js';
import { type IndexedChannel } from './indexed-channel.js';
import { type RecordKey } from './record-key.js';

/** The other members of large channels, as the index needs them. */
export interface IndexNetwork {
  readonly ownId: NodeId;

  /** The large channels as they are now. */
  channels(): readonly IndexedChannel[];

  /** Whether a node can be called without connecting first. */
  isConnected(nodeId: NodeId): boolean;

  /** Connects with a member, and tells whether it is connected then. Never fails. */
  connect(nodeId: NodeId, options?: RequestOptions): Promise<boolean>;

  /** Tells a connected node that this one has contents, at most limits.maxRecordKeys. Resolves with how many it keeps. Fails as every call to a node. */
  announce(nodeId: NodeId, tag: ChannelTag, keys: readonly RecordKey[], options?: RequestOptions): Promise<number>;

  /** Asks a connected node who has contents, at most limits.maxRecordKeys; the answers are in their order. Fails as every call to a node. */
  findProviders(nodeId: NodeId, tag: ChannelTag, keys: readonly RecordKey[], options?: RequestOptions): Promise<readonly (readonly NodeId[])[]>;
}
