import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';

import { PeerServiceClient, PeerServiceService } from '../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { limits } from '../../src/core/limits.js';
import { RemoteFeeds, type RemoteFeedsOptions } from '../../src/network/feeds/remote-feeds.js';
import { OpenCalls } from '../../src/rpc/interceptors/open-calls.js';
import { peerFeedDefinition } from '../../src/rpc/peer/peer-feed-definition.js';
import { type FeedCaller, peerFeedHandlers, type PeerFeedHandlers, type ServedFeeds } from '../../src/rpc/peer/peer-feed-handlers.js';
import { ReadBuffers } from '../../src/storage/read-buffers.js';

const idleMs = 60_000;

/** The feed methods of a peer's server on a loopback port, in the clear, and a client of them. */
export interface LoopbackPeer {
  readonly remote: RemoteFeeds;
  readonly client: PeerServiceClient;
  /** Breaks all connections; new ones find nobody. */
  readonly stop: () => void;
}

/** Serves feeds as to one caller; everything is closed when the test ends. `change` may put other handlers in place. */
export async function loopbackPeer(
  t: ExecutionContext,
  feeds: ServedFeeds,
  caller: FeedCaller,
  options: RemoteFeedsOptions & { readonly change?: (handlers: PeerFeedHandlers) => PeerFeedHandlers } = {},
): Promise<LoopbackPeer> {
  const subscriptions = new Set([PeerServiceService.watchMessages.path]);
  const server = new Server({
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    interceptors: [new OpenCalls(new ReadBuffers(1, 1), { subscriptions, idleMs }).interceptor],
  });
  const { findFeeds, getHeads, listHeads, submitMessages } = PeerServiceService;
  const handlers = peerFeedHandlers(feeds, caller, { idleMs });
  const { change = (same: PeerFeedHandlers) => same } = options;
  server.addService({ findFeeds, getHeads, listHeads, submitMessages, ...peerFeedDefinition }, { ...change(handlers) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const client = new PeerServiceClient(`127.0.0.1:${String(port)}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.use_local_subchannel_pool': 1,
    'grpc-node.flow_control_window': limits.flowControlWindowBytes,
  });
  const stop = (): void => {
    server.forceShutdown();
  };
  t.teardown(() => {
    client.close();
    stop();
  });
  return { remote: new RemoteFeeds(client, 'peer', options), client, stop };
}
