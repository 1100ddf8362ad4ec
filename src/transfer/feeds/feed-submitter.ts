import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type Appended } from '../../feeds/feed-store.js';
import { type SubmitRequest } from '../../network/feed-peer.js';
import { type Peer } from '../../network/peer.js';
import { type FeedLocator, type SearchOptions } from './feed-locator.js';
import { type FeedSources } from './feed-sources.js';
import { type ReplicationParts } from './replication-parts.js';

/** Submits messages to feeds that other nodes own. */
export class FeedSubmitter {
  constructor(
    private readonly parts: ReplicationParts,
    private readonly locator: FeedLocator,
    private readonly sources: FeedSources,
  ) {}

  /**
   * Asks the owner to append messages in this node's name; once more over a new connection if the first breaks, as the same request. Fails with
   * `node-unreachable`, `feed-not-found`, `submit-not-allowed`, and as an append does there.
   */
  async submit(request: SubmitRequest, options: SearchOptions): Promise<Appended> {
    const named = { ...request, requestId: request.requestId ?? this.parts.newRequestId() };
    const owner = await this.locator.owner(request.feedId, options);
    try {
      return await owner.feeds.submit(named, options);
    } catch (error) {
      this.noteRefusal(owner, request, error);
      if (!isKacheryError(error, 'node-unreachable') && !isKacheryError(error, 'daemon-stopping')) throw error;
    }
    await this.parts.peers.connectMissing({ nodeId: owner.nodeId }, options);
    const again = await this.locator.owner(request.feedId, options);
    return again.feeds.submit(named, options).catch((error: unknown) => {
      throw isKacheryError(error, 'daemon-stopping') ? ownerStopping(error) : error;
    });
  }

  /** A node that is not the owner any more is not taken for it again. */
  private noteRefusal({ nodeId }: Peer, { feedId }: SubmitRequest, error: unknown): void {
    if (isKacheryError(error, 'feed-not-found')) this.sources.holders.note(nodeId, feedId, 'absent');
    if (isKacheryError(error, 'feed-not-writeable')) this.sources.holders.note(nodeId, feedId, 'replica');
  }
}

/** That another node's daemon stops is not to be taken for this one's. */
function ownerStopping(cause: KacheryError): KacheryError {
  return new KacheryError('node-unreachable', `${cause.message} It is the feed's owner that is stopping: submit again when it is online.`, cause.details, {
    cause,
  });
}
