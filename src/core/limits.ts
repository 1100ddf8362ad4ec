const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound of the program on what comes in, in one place. */
export const limits = {
  /** Characters of a URI. */
  maxUriLength: 4096,
  /** Bytes of a label, as of a file name on Linux and macOS. */
  maxLabelBytes: 255,
  /** Bytes of data in one message of a read; the fastest of those measured, see docs/decisions. */
  dataMessageBytes: MiB,
  /** Bytes of one gRPC message in either direction. */
  maxMessageBytes: 8 * MiB,
  /** Bytes of data in one message of an upload. */
  maxUploadMessageBytes: 4 * MiB,
  /** HTTP/2 flow-control window of a stream and of a connection, in bytes. */
  flowControlWindowBytes: 8 * MiB,
  /** The same of a link to another node, which may be far away: what is on its way at 1 Gbit/s and 50 ms is 6 MB, and a window is opened again when half of it was read. */
  linkWindowBytes: 16 * MiB,
  /** Bytes of all uploads that may wait for a pair of hashing and writing threads. */
  maxUploadBytesInFlight: 8 * MiB,
  /** Hashes in one FindMissingFiles request, URIs in one ReadFiles request, files in one page of ListFiles. */
  maxBatchItems: 10_000,
  /** Files in one StoreFiles request. */
  maxBatchFiles: 1_000,
  /** Bytes of content in one StoreFiles request. */
  maxBatchBytes: 3 * MiB,
  /** Bytes of a file that ReadFiles returns. */
  maxSmallFileBytes: MiB,
  /** Bytes of a directory listing (sha1dir) or of a manifest that is read into memory. */
  maxListingBytes: 32 * MiB,
  /** Streams that one connection may have open at a time; what is more waits until one ends, so it must be more than the calls that never end by themselves. */
  maxConcurrentStreams: 2_048,
  /** Calls without an end, such as those that follow a feed, that one client has open at a time. */
  maxSubscriptions: 1_000,
  /** Bytes of a challenge that a node signs. */
  minChallengeBytes: 16,
  maxChallengeBytes: 64,
  /** Interrupted uploads that are kept, all together. */
  maxKeptUploads: 1_000,
  /** How long an interrupted upload is kept. */
  keptUploadMs: 24 * 60 * 60 * 1000,
  /** How long a client may send or take no byte of a stream before the daemon gives up on it. */
  streamIdleMs: 5 * 60 * 1000,
  /** Bytes of the name of a feed. */
  maxFeedNameBytes: 1_000,
  /** Bytes of the name of a subfeed, or of the key of a mutable, as JSON. */
  maxSubfeedNameBytes: 4_096,
  maxMutableKeyBytes: 4_096,
  /** Bytes of the value of a mutable, as JSON. */
  maxMutableValueBytes: MiB,
  /** Bytes of one message of a feed. */
  maxFeedMessageBytes: MiB,
  /** Messages in one append, and bytes of them together. */
  maxAppendMessages: 10_000,
  maxAppendBytes: 6 * MiB,
  /** Bytes of messages that go into one message of a read of a feed, and that are kept in one piece. */
  feedBlockBytes: 256 * KiB,
  /** Bytes of a page of feeds, subfeeds or mutables, with their keys and names, but one item in any case. */
  maxPageBytes: 2 * MiB,
  /** Bytes of what waits to be written to a database. */
  maxWaitingWriteBytes: 64 * MiB,
  /** Rules of one subfeed. */
  maxAccessRules: 1_000,
  /** Subfeeds in one WatchMessages request. */
  maxWatchedSubfeeds: 10_000,
  /** Changed keys that wait for one watcher of mutables. */
  maxWaitingMutables: 10_000,
  /** How long a request id is known at least, so that an append that is sent again happens once. */
  rememberedRequestMs: 5 * 60 * 1000,
  /** Hashes in one request to another node. */
  maxPeerBatchFiles: 1_000,
  /** Channels that a node may have joined, and tags that another one may tell. */
  maxJoinedChannels: 1_000,
  /** Bytes of a channel's file, and nodes and bootstrap addresses in it. */
  maxChannelFileBytes: 4 * MiB,
  maxChannelNodes: 10_000,
  maxBootstrapAddresses: 100,
  /** How long the file of a channel may take to come. */
  channelReadMs: 15_000,
  /** How long it may take to understand it, and how much memory; a hostile file of this size can ask for minutes. */
  channelParseMs: 20_000,
  channelParseMegabytes: 192,
  /** Redirections on the way to a channel's file. */
  maxChannelRedirects: 5,
  /** Files of channels that are read at a time. */
  maxChannelReads: 4,
  /** Characters of the name that a channel gives a node. */
  maxNodeLabelLength: 100,
  /** How often the files of channels are read again. */
  channelRefreshMs: 3 * 60 * 1000,
  /** How soon a channel that could not be read is tried again at first; the time doubles up to channelRefreshMs. */
  channelRetryMs: 10_000,
  /** How often files of channels on this machine are looked at. */
  channelFileCheckMs: 2_000,
  /** Addresses that one node may tell of itself or another. */
  maxNodeAddresses: 16,
  /** Nodes that this one connects to by itself. Twice as many may connect to it. */
  maxLinks: 64,
  /**
   * UDP ports of an entrance to a DHT. With so many of its nodes a node has to talk before it knows how its router translates addresses, which it has to for a
   * hole to be punched; so an entrance is enough where there is nobody else.
   */
  dhtEntrancePorts: 4,
  /** Attempts to connect to other nodes that are under way at a time. */
  maxDials: 8,
  /** Of attempts at addresses that were announced in the DHT or on the local network, beside these. */
  maxAnnouncedDials: 4,
  /** Connections whose other end has not shown yet that it is authorised: all together, and from one address (of IPv6, from all with the same first 64 bits). */
  maxUnprovenConnections: 64,
  maxUnprovenFromOneAddress: 8,
  /** How long each of them has in any case to show that, however many others come. */
  unprovenGraceMs: 500,
  /** Connections of each kind that one node may have open to this one. */
  maxConnectionsOfNode: 3,
  /** Calls that one connection of another node may have under way; what is more waits at its end. */
  maxCallsOfConnection: 256,
  /** Bytes of what a node may say of itself, all together, and characters of its name and its version. */
  maxGreetingBytes: 64 * KiB,
  maxNodeTextCharacters: 100,
  /** Members that a node tells another one of. */
  maxToldMembers: 1_000,
  /** How often a connected node is greeted again, so that it is noticed when it is gone. */
  linkPulseMs: 60_000,
  /** How long a connected node, which greets as often as this one, may send nothing at all. */
  linkSilenceMs: 150_000,
  /** How long a connection to another node may take to be made, all its handshakes together. */
  connectMs: 10_000,
  /** Bytes of data in one message of a tunnel, and flow-control window of a connection that carries tunnels. */
  maxTunnelMessageBytes: 256 * KiB,
  tunnelWindowBytes: MiB,
  /** Tunnels that a relay keeps with one node at either end, and all together. */
  maxTunnelsOfNode: 64,
  maxTunnels: 256,
  /** Bytes a second that a relay passes on, unless its owner says otherwise. */
  relayBytesPerSecond: 10_000_000,
  /** How long a tunnel may carry nothing; nodes greet each other more often. */
  tunnelIdleMs: 3 * 60 * 1000,
  /** How often members of a channel are looked for in the DHT, at first and later, and how many are kept of one channel. */
  dhtFirstRefreshMs: 5_000,
  dhtRefreshMs: 10 * 60 * 1000,
  maxDhtPeers: 200,
  /** Daemons of the local network that are remembered, all together and at one IP address, and how many new ones are in a minute: anybody there can invent some. */
  maxLanNodes: 64,
  maxLanNodesOfAddress: 8,
  maxNewLanNodes: 30,
  /** How often a node says on the local network that it is there, how long that is believed, and how often it looks whether its networks have changed. */
  lanAnnounceMs: 5 * 60 * 1000,
  lanForgetMs: 16 * 60 * 1000,
  lanLookMs: 2_000,
  /** How long an address is left alone where a node was that no channel lists. */
  strangerPauseMs: 60 * 60 * 1000,
  /** How often a better connection is looked for than one through a relay or a NAT. */
  betterLinkMs: 5 * 60 * 1000,
  /** Files that are sent to one other node, and to all of them, at a time. */
  maxTransfersPerPeer: 32,
  maxPeerTransfers: 256,
  /** How long another node may be silent in the middle of an answer. */
  peerIdleMs: 20_000,
  /** How long a load waits for a node to come back when all that have the file are lost. */
  waitForSourceMs: 60_000,
  /** After how many lies within which time a node is not asked for files any more. */
  liesUntilDistrust: 3,
  distrustMs: 10 * 60 * 1000,
  /** Nodes that one file is fetched from at a time. */
  maxSources: 16,
  /** How long a partial file that nobody uses is kept. */
  keptPartialMs: 30 * 24 * 60 * 60 * 1000,
  /** Bytes of one partial file, and of all of them, that wait to be written. */
  maxPartialWriteBytes: 8 * MiB,
  maxPartialWritesBytes: 64 * MiB,
  /** Bytes of the record of a partial file. */
  maxPartialRecordBytes: 128 * MiB,
  /** Feeds, or subfeeds, in one request to another node, and in one page of its answers. */
  maxPeerBatchFeeds: 1_000,
  /** Calls by which one other node may follow subfeeds of this one at a time. */
  maxPeerWatches: 64,
  /** Members up to which all of a channel are connected and asked; in a larger one they keep an index of who has what. */
  smallChannelNodes: 40,
  /** Members of larger channels that a node keeps connections with that it has dialed. Others are connected for as long as they are used. */
  keptLinks: 16,
  /** How long a connection with another of them is kept that nobody uses. */
  passingLinkMs: 30_000,
  /** Keys in one request about the index of a large channel. */
  maxRecordKeys: 1_000,
  /** Records of the index that this node keeps for others: of one node, and all together; and how many nodes they may be of. */
  maxProviderRecordsOfNode: 50_000,
  maxProviderRecords: 500_000,
  maxProviderNodes: 100_000,
  /** Nodes that are kept of one content, and those that are told. */
  maxProvidersOfKey: 64,
  maxToldProviders: 8,
  /** How long a record is kept that is not announced again. */
  providerRecordMs: 24 * 60 * 60 * 1000,
  /** Contents that wait to be announced; where there are more, they come in the next round. */
  maxWaitingNews: 50_000,
  /**
   * Things of other nodes that are mirrored; files of theirs that are brought here, feeds that are looked at, directories that are gone through and listings
   * that are in memory at a time; and subfeeds of one feed.
   */
  maxMirrors: 10_000,
  maxMirrorLoads: 4,
  maxMirrorLooks: 16,
  maxMirrorWalks: 8,
  maxMirrorListings: 1,
  maxMirroredSubfeeds: 50_000,
  /** How long calls under way may go on when the daemon stops. */
  shutdownGraceMs: 10_000,
} as const;
