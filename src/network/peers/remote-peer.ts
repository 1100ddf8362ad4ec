import { type FoundFile, PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type ByteRange, checkByteRange } from '../../core/byte-range.js';
import { type ContentId, isContentId } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { peerServiceDefinition } from '../../rpc/codec/peer-service-definition.js';
import { type FeedPeer } from '../feed-peer.js';
import { RemoteFeeds } from '../feeds/remote-feeds.js';
import { type Link } from '../link/link.js';
import { wrongAnswer } from '../link/peer-failure.js';
import { type Peer, type RemoteFile, type RequestOptions } from '../peer.js';

/** Another node, asked over its link. Nothing of an answer is believed that can be checked here: an answer that cannot be fails with `content-corrupt`. */
export class RemotePeer implements Peer {
  readonly feeds: FeedPeer;

  constructor(private readonly link: Link) {
    this.feeds = new RemoteFeeds(link.channel, link);
  }

  get nodeId(): NodeId {
    return this.link.nodeId;
  }

  get label(): string {
    return this.link.label;
  }

  get roundTripMs(): number | undefined {
    return this.link.roundTripMs;
  }

  async findFiles(ids: readonly ContentId[], { signal }: RequestOptions = {}): Promise<readonly RemoteFile[]> {
    checkBatch(ids);
    if (ids.length === 0) return [];
    const { files } = await this.link.channel.unary(PeerServiceService.findFiles, { sha1s: [...ids] }, { signal });
    let position = 0;
    return files.map((file) => {
      position = ids.indexOf(file.sha1 as ContentId, position) + 1;
      if (position === 0) throw wrongAnswer(this.link, 'it answered with files that it was not asked for, or in another order');
      return this.remoteFile(file);
    });
  }

  async *readFile(id: ContentId, range: ByteRange, { signal }: RequestOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    checkByteRange(range.start, range.end);
    let missingBytes = range.end - range.start;
    // On the wire, a length of 0 stands for the rest of the file.
    if (missingBytes === 0) return;
    const request = { sha1: id, offset: BigInt(range.start), length: BigInt(missingBytes) };
    for await (const { data } of this.link.channel.receive(peerServiceDefinition.readFile, request, { signal })) {
      missingBytes -= data.byteLength;
      if (missingBytes < 0) throw wrongAnswer(this.link, `it sent more bytes than it was asked for of ${id}`);
      yield data;
    }
    if (missingBytes > 0) throw wrongAnswer(this.link, `it left out ${String(missingBytes)} bytes that it was asked for of ${id}`);
  }

  async *readFiles(ids: readonly ContentId[], { signal }: RequestOptions = {}): AsyncGenerator<Buffer | undefined, void, undefined> {
    checkBatch(ids);
    if (ids.length === 0) return;
    let missing = ids.length;
    for await (const { results } of this.link.channel.receive(peerServiceDefinition.readFiles, { sha1s: [...ids] }, { signal })) {
      for (const { outcome } of results) {
        if (--missing < 0) throw wrongAnswer(this.link, 'it sent more files than it was asked for');
        const content = outcome?.$case === 'content' ? outcome.value : undefined;
        if (content && content.byteLength > limits.maxSmallFileBytes) throw wrongAnswer(this.link, 'it sent a file that is too large to be sent with others');
        yield content;
      }
    }
    if (missing > 0) throw wrongAnswer(this.link, `it left out ${String(missing)} of the files that it was asked for`);
  }

  private remoteFile({ sha1, sizeBytes, manifestSha1 }: FoundFile): RemoteFile {
    if (!isContentId(sha1) || sizeBytes > BigInt(Number.MAX_SAFE_INTEGER)) throw wrongAnswer(this.link, 'it tells a size that no file has');
    if (manifestSha1 !== undefined && !isContentId(manifestSha1)) throw wrongAnswer(this.link, 'it names a manifest whose hash is none');
    return { id: sha1, sizeBytes: Number(sizeBytes), ...(manifestSha1 !== undefined && { manifestId: manifestSha1 }) };
  }
}

function checkBatch(ids: readonly ContentId[]): void {
  const limit = String(limits.maxPeerBatchFiles);
  if (ids.length > limits.maxPeerBatchFiles) {
    throw new KacheryError('invalid-argument', `At most ${limit} files can be asked of a node at once, not ${String(ids.length)}.`, { field: 'ids', limit });
  }
}
