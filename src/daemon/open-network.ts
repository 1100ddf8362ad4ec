import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { type DaemonConfig } from '../config/daemon-config.js';
import { packageVersion } from '../config/package-version.js';
import { systemClock } from '../core/clock.js';
import { systemTimers } from '../core/timers.js';
import { limits } from '../core/limits.js';
import { parseNodeId } from '../core/node-id.js';
import { type StructuredLog } from '../core/structured-log.js';
import { type FeedStore } from '../feeds/feed-store.js';
import { type LocalFeeds } from '../feeds/local-feeds.js';
import { AddressBook } from '../network/addresses/address-book.js';
import { ChannelReader } from '../network/channels/channel-reader.js';
import { Channels } from '../network/channels/channels.js';
import { channelSource } from '../network/channels/timed-channel-source.js';
import { DhtCarrier } from '../network/dht/dht-carrier.js';
import { LanDiscovery } from '../network/lan/lan-discovery.js';
import { lanInterfaces } from '../network/lan/lan-interfaces.js';
import { type Carrier } from '../network/link/carrier.js';
import { type Link } from '../network/link/link.js';
import { type LinkTiming } from '../network/link/link-timing.js';
import { TcpCarrier } from '../network/link/tcp-carrier.js';
import { Links } from '../network/links.js';
import { type NodeIdentity } from '../network/node-identity.js';
import { type Peers } from '../network/peer.js';
import { LinkedPeers } from '../network/peers/linked-peers.js';
import { PacedPeers } from '../network/peers/paced-peers.js';
import { type IndexTiming } from '../network/providers/index-timing.js';
import { type LargeChannelBounds } from '../network/providers/large-channel-bounds.js';
import { LinkedIndexNetwork } from '../network/providers/linked-index-network.js';
import { ProviderIndex } from '../network/providers/provider-index.js';
import { FairShare } from '../network/serving/fair-share.js';
import { RelayCarrier } from '../network/relay/relay-carrier.js';
import { TunnelRelay } from '../network/relay/tunnel-relay.js';
import { PeerServing } from '../rpc/peer/peer-serving.js';
import { type TransferRegistry } from '../rpc/transfer-registry.js';
import { type LocalStorage } from '../storage/local-storage.js';
import { FileFetcher } from '../transfer/file-fetcher.js';
import { FeedReplication } from '../transfer/feeds/feed-replication.js';
import { type FetchLog } from '../transfer/fetch-log.js';
import { NetworkedFeeds } from '../transfer/feeds/networked-feeds.js';
import { Mirrors } from '../transfer/mirrors/mirrors.js';
import { AnnouncedContents } from './announced-contents.js';
import { type ClosingStack } from './closing-stack.js';

/** What the network is made of: who this node is, and what it serves to others. */
export interface NetworkParts {
  readonly identity: NodeIdentity;
  readonly store: LocalStorage;
  readonly feeds: LocalFeeds;
  readonly transfers: TransferRegistry;
  readonly log: StructuredLog;
}

/** How the network is; what may be left out is for tests. */
export interface NetworkOptions {
  /** How long a stream may stand still. */
  readonly idleMs: number;
  readonly largeChannels?: Partial<LargeChannelBounds>;
  readonly linkTiming?: Partial<LinkTiming>;
  readonly indexTiming?: Partial<IndexTiming>;
}

/** The other nodes: the channels that say who they are, the connections with them, and what can be asked of them. */
export interface Network {
  readonly channels: Channels;
  readonly links: Links;
  readonly peers: Peers;
  /** This node's own, and those of nodes that it is connected with. */
  readonly feeds: FeedStore;
  readonly remote: FileFetcher;
  readonly mirrors: Mirrors;
}

/**
 * Opens the network, and begins to connect with the members of the channels that were joined before. Fails with `invalid-argument` if it cannot listen as it was
 * told, and as Channels.open and Mirrors.open.
 */
export async function openNetwork(config: DaemonConfig, parts: NetworkParts, options: NetworkOptions, closing: ClosingStack): Promise<Network> {
  const { network, label } = config;
  const channels = await openChannels(config, parts, closing);
  const addresses = await AddressBook.open(join(config.configDir, 'addresses.json'), { clock: systemClock, log: parts.log });
  closing.add(() => addresses.close());
  const connected = (): readonly Link[] => links.connected();
  const tcp = new TcpCarrier(addresses, listeningOf(config));
  const carrier = new RelayCarrier({ membership: channels, connected });
  const relay = new TunnelRelay({ membership: channels, connected, share: relayShare(config) }, { idleMs: limits.tunnelIdleMs });
  closing.add(async () => relay.close());
  const serving = new PeerServing({ ...parts, share: fairShare(config), tunnels: { relay, carrier }, index: () => index }, options);
  const links = await Links.open(
    {
      ...{ identity: parts.identity, log: parts.log, membership: channels, addresses, clock: systemClock, random: Math.random },
      carriers: [tcp, ...dhtCarriers(config, parts, channels, addresses), carrier],
      serve: (caller) => serving.serve(caller),
    },
    {
      ...{ label, version: packageVersion(), announcedAddresses: network.announcedAddresses, staticPeers: network.staticPeers },
      isRelay: () => channels.hasRole('relay'),
      ...(options.largeChannels && { largeChannels: options.largeChannels }),
      ...(options.linkTiming && { timing: options.linkTiming }),
    },
  );
  closing.add(() => links.close());
  const ownId = parseNodeId(parts.identity.nodeId);
  const index = new ProviderIndex(
    {
      network: new LinkedIndexNetwork({ ownId, links, membership: channels, addresses }),
      catalog: new AnnouncedContents(parts.store, parts.feeds),
      ...{ membership: channels, clock: systemClock, timers: systemTimers, random: Math.random, log: parts.log },
    },
    options.indexTiming,
  );
  closing.add(() => index.close());
  const peers = pacedPeers(config, new LinkedPeers(links, channels, () => index.search()));
  const replication = new FeedReplication({ ...parts, peers, clock: systemClock, newRequestId: randomUUID });
  closing.add(() => replication.close());
  const log: FetchLog = { begin: (uri, sizeBytes) => parts.transfers.begin('fetch', uri, sizeBytes) };
  const remote = new FileFetcher({ store: parts.store, peers, clock: systemClock, log });
  closing.add(() => remote.close());
  const mirrorParts = { ...parts, peers, fetcher: remote, replication, clock: systemClock, random: Math.random };
  const mirrors = await Mirrors.open(join(config.configDir, 'mirrors.json'), mirrorParts);
  closing.add(() => mirrors.close());
  await links.start();
  index.start();
  if (network.lanDiscovery) closing.add(startLanDiscovery(config, parts, { membership: channels, addresses, tcp }));
  return { channels, links, peers, remote, mirrors, feeds: new NetworkedFeeds(parts.feeds, replication, ownId) };
}

async function openChannels({ configDir, network }: DaemonConfig, { identity, log }: NetworkParts, closing: ClosingStack): Promise<Channels> {
  const reader = new ChannelReader(channelSource(network.webProxies, systemClock));
  const channels = await Channels.open({ configDir, log, nodeId: parseNodeId(identity.nodeId), clock: systemClock, random: Math.random, reader });
  closing.add(() => channels.close());
  return channels;
}

function dhtCarriers({ network }: DaemonConfig, { identity, log }: NetworkParts, membership: Channels, addresses: AddressBook): readonly Carrier[] {
  if (!network.dht) return [];
  return [new DhtCarrier({ identity, membership, addresses, log, random: Math.random }, network.dht)];
}

function startLanDiscovery(
  { network }: DaemonConfig,
  { log }: NetworkParts,
  { tcp, ...parts }: { readonly membership: Channels; readonly addresses: AddressBook; readonly tcp: TcpCarrier },
): () => Promise<void> {
  const interfaces = (): ReturnType<typeof lanInterfaces> => lanInterfaces(network.listenHost === undefined ? undefined : tcp.listeningAddresses());
  const discovery = new LanDiscovery({ ...parts, interfaces, log, clock: systemClock, random: Math.random }, { instance: randomBytes(8).toString('hex') });
  discovery.start();
  return () => discovery.close();
}

function listeningOf({ network }: DaemonConfig): ConstructorParameters<typeof TcpCarrier>[1] {
  if (network.listenHost === undefined) return undefined;
  return { host: network.listenHost, port: network.listenPort, orAnyPort: network.listenPortIsDefault };
}

function fairShare({ network }: DaemonConfig): FairShare {
  return new FairShare(systemClock, {
    bytesPerSecond: network.uploadBytesPerSecond,
    transfersPerNode: limits.maxTransfersPerPeer,
    transfers: limits.maxPeerTransfers,
  });
}

/** The other nodes, as fast as the owner wants to hear them; how many transfers there are is decided elsewhere. */
function pacedPeers({ network: { downloadBytesPerSecond: bytesPerSecond } }: DaemonConfig, peers: Peers): Peers {
  if (bytesPerSecond === undefined) return peers;
  return new PacedPeers(peers, new FairShare(systemClock, { bytesPerSecond, transfersPerNode: Infinity, transfers: Infinity }));
}

function relayShare({ network }: DaemonConfig): FairShare {
  return new FairShare(systemClock, {
    bytesPerSecond: network.relayBytesPerSecond,
    transfersPerNode: limits.maxTunnelsOfNode,
    transfers: 2 * limits.maxTunnels,
  });
}
