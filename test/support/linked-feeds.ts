import type { ExecutionContext } from 'ava';

import { systemClock } from '../../src/core/clock.js';
import { limits } from '../../src/core/limits.js';
import { AddressBook } from '../../src/network/addresses/address-book.js';
import { type Caller } from '../../src/network/caller.js';
import { type FeedPeer } from '../../src/network/feed-peer.js';
import { RemoteFeeds, type RemoteFeedsOptions } from '../../src/network/feeds/remote-feeds.js';
import { TcpCarrier } from '../../src/network/link/tcp-carrier.js';
import { Links } from '../../src/network/links.js';
import { LinkedPeers } from '../../src/network/peers/linked-peers.js';
import { FairShare } from '../../src/network/serving/fair-share.js';
import { type PeerFeedHandlers, type ServedFeeds } from '../../src/rpc/peer/peer-feed-handlers.js';
import { PeerServing } from '../../src/rpc/peer/peer-serving.js';
import { TransferRegistry } from '../../src/rpc/transfer-registry.js';
import { newIdentity, quickTiming, silentLog } from './linked-node.js';
import { MemoryMembership, type MemoryChannel } from './memory-membership.js';
import { temporaryStorage } from './temporary-storage.js';

/** Two nodes that are linked over loopback, the second of which is served the feeds of the first. */
export interface LinkedFeeds {
  /** The feeds of the first node as the second one asks for them. */
  readonly remote: FeedPeer;
  /** The second node, as those that ask see it. */
  readonly callerId: ReturnType<typeof newIdentity>['id'];
  readonly peers: LinkedPeers;
  /** Ends the first node. */
  readonly stop: () => Promise<void>;
}

/** How two nodes are linked. */
export interface LinkedFeedsOptions extends RemoteFeedsOptions {
  /** Asked beside the membership whenever the first node asks that. */
  readonly authorize?: () => void;
  /** Puts other handlers in the place of those of the first node. */
  readonly change?: (handlers: PeerFeedHandlers) => PeerFeedHandlers;
  /** How fast the first node sends; as fast as it can unless given. */
  readonly share?: FairShare;
}

/** Links two nodes; everything is closed when the test ends. */
export async function linkFeeds(t: ExecutionContext, feeds: ServedFeeds, options: LinkedFeedsOptions = {}): Promise<LinkedFeeds> {
  const [server, client] = [newIdentity(), newIdentity()];
  const channel: MemoryChannel = { address: 'https://example.org/channel.yaml', nodeIds: [server.id, client.id] };
  const serving = await startLinks(t, server, { feeds, channel, staticPeers: [], options });
  const calling = await startLinks(t, client, { feeds, channel, staticPeers: serving.carrier.listeningAddresses(), options: {} });
  let remote: RemoteFeeds | undefined;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      const [link] = calling.links.connected();
      if (!link) return;
      remote = new RemoteFeeds(link.channel, link, { silentMs: options.silentMs });
      resolve();
    };
    t.teardown(calling.links.watch(look));
    look();
  });
  // The links may put a better connection in the place of the first.
  const best = new Proxy({} as FeedPeer, { get: (_target, name) => (Reflect.get(remote!, name) as () => unknown).bind(remote) });
  return {
    remote: best,
    callerId: client.id,
    peers: calling.peers,
    stop: () => serving.links.close(),
  };
}

interface LinksSetting {
  readonly feeds: ServedFeeds;
  readonly channel: MemoryChannel;
  readonly staticPeers: readonly string[];
  readonly options: LinkedFeedsOptions;
}

async function startLinks(t: ExecutionContext, identity: ReturnType<typeof newIdentity>, { feeds, channel, staticPeers, options }: LinksSetting) {
  const membership = new MemoryMembership(identity.id, [channel]);
  const addresses = await AddressBook.open(undefined, { clock: systemClock, log: silentLog });
  const carrier = new TcpCarrier(addresses, { host: '127.0.0.1', port: 0, orAnyPort: false });
  const share =
    options.share ??
    new FairShare(systemClock, { bytesPerSecond: undefined, transfersPerNode: limits.maxTransfersPerPeer, transfers: limits.maxPeerTransfers });
  const parts = { store: await temporaryStorage(t), feeds, transfers: new TransferRegistry(systemClock), share, log: silentLog };
  const serving = new PeerServing(parts, { idleMs: limits.streamIdleMs });
  const links = await Links.open(
    {
      ...{ identity, membership, addresses, carriers: [carrier], clock: systemClock, random: Math.random, log: silentLog },
      serve: (caller) => {
        const served = serving.serve(withCheck(caller, options.authorize));
        const { change = (same: PeerFeedHandlers) => same } = options;
        const handlers = served.implementation as unknown as PeerFeedHandlers;
        return { ...served, implementation: { ...served.implementation, ...change(handlers) } };
      },
    },
    { label: '', version: '1', staticPeers, timing: quickTiming },
  );
  t.teardown(() => links.close());
  await links.start();
  return { links, carrier, peers: new LinkedPeers(links, membership) };
}

function withCheck(caller: Caller, check: (() => void) | undefined): Caller {
  const authorize = (): void => {
    check?.();
    caller.authorize();
  };
  return new Proxy(caller, {
    get: (target, name) => {
      if (name === 'authorize') return authorize;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
