import { randomUUID } from 'node:crypto';

import type { ExecutionContext } from 'ava';

import { systemClock } from '../../src/core/clock.js';
import { type LocalFeeds } from '../../src/feeds/local-feeds.js';
import { FeedReplication } from '../../src/transfer/feeds/feed-replication.js';
import { NetworkedFeeds } from '../../src/transfer/feeds/networked-feeds.js';
import { type ReplicationTimes, replicationTimes } from '../../src/transfer/feeds/replication-parts.js';
import { LinkedNode, type LinkedNodeOptions, silentLog } from './linked-node.js';
import { openFeeds } from './temporary-feeds.js';
import { temporaryFolder } from './temporary-storage.js';

/** A node over real links, with feeds of its own and copies of others'. */
export interface LinkedFeedNode {
  readonly node: LinkedNode;
  readonly feeds: LocalFeeds;
  /** Its own and others' feeds together. */
  readonly networked: NetworkedFeeds;
}

/** Starts one; it runs until the test ends. */
export async function startLinkedFeedNode(t: ExecutionContext, options: LinkedNodeOptions, times: Partial<ReplicationTimes> = {}): Promise<LinkedFeedNode> {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const node = await LinkedNode.start(t, { ...options, feeds });
  const parts = { feeds, peers: node.peers, clock: systemClock, log: silentLog, newRequestId: randomUUID };
  const replication = new FeedReplication(parts, { ...replicationTimes, ...times });
  t.teardown(() => replication.close());
  return { node, feeds, networked: new NetworkedFeeds(feeds, replication, node.id) };
}
