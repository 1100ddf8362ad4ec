import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ExecutionContext } from 'ava';

import { channelText } from '../support/channel-text.js';
import { type TestNode } from '../support/network.js';
import { temporaryFolder } from '../support/temporary-storage.js';

/** Who is a relay of a channel, and where its members begin. */
export interface ChannelShape {
  /** These nodes have the role of a relay, and take it. */
  readonly relays?: readonly TestNode[];
  /** Addresses in the channel's file. */
  readonly bootstrapAddresses?: readonly string[];
}

/** Joins all nodes to a new channel, in a file that they share. */
export async function joinChannel(t: ExecutionContext, nodes: readonly TestNode[], { relays = [], bootstrapAddresses = [] }: ChannelShape = {}): Promise<void> {
  const channel = join(await temporaryFolder(t), 'channel.yaml');
  const entries = nodes.map((node) => ({
    nodeId: node.daemon.nodeId,
    label: node.name,
    roles: relays.includes(node) ? ['isMessageProxy', 'isDataProxy'] : [],
  }));
  await writeFile(channel, channelText('test-networks', entries, bootstrapAddresses));
  await Promise.all(nodes.map((node) => node.client.channels.join(channel, { relay: relays.includes(node) })));
}
