import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { type NodeId } from '../../core/node-id.js';
import { type FeedPeer } from '../feed-peer.js';
import { type DataRequestOptions, type Peer, type RemoteFile, type RequestOptions } from '../peer.js';
import { type FairShare } from '../serving/fair-share.js';
import { Allowance } from './allowance.js';
import { PacedFeeds } from './paced-feeds.js';

/** Another node, whose files and feeds come no faster than they may. What it says of them comes at once. */
export class PacedPeer implements Peer {
  readonly feeds: FeedPeer;
  private readonly allowance: Allowance;

  /** @param share Of what comes from all nodes. */
  constructor(
    private readonly peer: Peer,
    share: Pick<FairShare, 'take'>,
  ) {
    this.allowance = new Allowance(share, peer.nodeId);
    this.feeds = new PacedFeeds(peer.feeds, this.allowance);
  }

  get nodeId(): NodeId {
    return this.peer.nodeId;
  }

  get label(): string {
    return this.peer.label;
  }

  get roundTripMs(): number | undefined {
    return this.peer.roundTripMs;
  }

  findFiles(ids: readonly ContentId[], options?: RequestOptions): Promise<readonly RemoteFile[]> {
    return this.peer.findFiles(ids, options);
  }

  readFile(id: ContentId, range: ByteRange, options: DataRequestOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    return this.allowance.pace(this.peer.readFile(id, range, options), ({ byteLength }) => byteLength, options);
  }

  readFiles(ids: readonly ContentId[], options: DataRequestOptions = {}): AsyncGenerator<Buffer | undefined, void, undefined> {
    return this.allowance.pace(this.peer.readFiles(ids, options), (content) => content?.byteLength ?? 0, options);
  }
}
