import { ChannelServiceService as service } from '../../gen/ts/kachery_p2p/v1/channel_service.js';
import { compareByCodePoints } from '../core/code-point-order.js';
import { allPages } from './all-pages.js';
import { type CallOptions } from './call-options.js';
import { channelOf, peerOf } from './channel-of.js';
import { type Channel, type Channels, type JoinChannelOptions, type Peer } from './channels.js';
import { type Daemon } from './daemon.js';

/** The daemon reads the channel before it answers, and may have others to read before. */
const joinTimeoutMs = 60_000;

/** The channels that the daemon's node has joined. */
export class OnlineChannels implements Channels {
  constructor(private readonly daemon: Daemon) {}

  async join(address: string, { relay = false, public: isPublic = false, signal }: JoinChannelOptions = {}): Promise<Channel> {
    const request = { address, roles: { relay, public: isPublic } };
    return channelOf((await this.daemon.unary(service.joinChannel, request, { signal, timeoutMs: joinTimeoutMs })).channel);
  }

  async leave(channel: string, { signal }: CallOptions = {}): Promise<void> {
    await this.daemon.unary(service.leaveChannel, { address: channel }, { signal });
  }

  async list({ signal }: CallOptions = {}): Promise<Channel[]> {
    return allPages(async (pageToken) => {
      const { channels, nextPageToken } = await this.daemon.unary(service.listChannels, { pageSize: 0, pageToken }, { signal });
      return { items: channels.map(channelOf), nextPageToken };
    });
  }

  async peers({ signal }: CallOptions = {}): Promise<Peer[]> {
    const peers = await allPages(async (pageToken) => {
      const page = await this.daemon.unary(service.listPeers, { pageSize: 0, pageToken }, { signal });
      return { items: page.peers.map(peerOf), nextPageToken: page.nextPageToken };
    });
    return peers.sort(connectedFirst);
  }
}

/** Then by their names. */
function connectedFirst(one: Peer, other: Peer): number {
  return Number(other.isConnected) - Number(one.isConnected) || compareByCodePoints(one.label, other.label) || compareByCodePoints(one.nodeId, other.nodeId);
}
