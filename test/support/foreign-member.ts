import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import type { ExecutionContext } from 'ava';

import { parseNodeId } from '../../src/core/node-id.js';
import { type LinkProtocol } from '../../src/network/link/link-protocol.js';
import { SecureHandshakes } from '../../src/network/link/secure-handshakes.js';
import { type SecureStream } from '../../src/network/link/secure-stream.js';
import { until } from '../fault/until.js';
import { channelText } from './channel-text.js';
import { LinkedNode, newIdentity } from './linked-node.js';
import { startNode, type TestNode } from './network.js';
import { temporaryFolder } from './temporary-storage.js';

const handshakeMs = 10_000;

/** Daemons that have joined a channel, and a key that their channel lists and a test has. */
export interface ForeignMember {
  readonly nodes: readonly TestNode[];
  readonly identity: ReturnType<typeof newIdentity>;
  /** Address of the channel. */
  readonly channel: string;
  /** The member as a node, whose answers a test may spoil; resolves when it is connected with all daemons. */
  readonly start: () => Promise<LinkedNode>;
}

/** Starts daemons on loopback in a channel that also lists a node of the test's own. */
export async function daemonsWithForeignMember(t: ExecutionContext, count: number): Promise<ForeignMember> {
  const identity = newIdentity();
  const nodes = await Promise.all(Array.from({ length: count }, (_, index) => startNode(t, index)));
  const path = join(await temporaryFolder(t), 'channel.yaml');
  const listed = [{ nodeId: identity.id, label: 'foreign' }, ...nodes.map(({ daemon, name }) => ({ nodeId: daemon.nodeId, label: name }))];
  const bootstrapAddresses = nodes.map(({ peerAddress }) => peerAddress);
  await writeFile(path, channelText('foreign-member', listed, bootstrapAddresses.slice(0, 1)));
  const [channel = path] = await Promise.all(nodes.map(async ({ client }) => (await client.channels.join(path)).address));
  const start = async (): Promise<LinkedNode> => {
    const nodeIds = listed.map(({ nodeId }) => parseNodeId(nodeId));
    const member = await LinkedNode.start(t, { identity, channels: [{ address: channel, nodeIds, bootstrapAddresses }], label: 'foreign' });
    const isConnected = async ({ client }: TestNode) =>
      (await client.channels.peers()).some((peer) => peer.nodeId === (identity.id as string) && peer.isConnected);
    for (const node of nodes) await until(`${node.name} is connected with the foreign member`, () => isConnected(node));
    return member;
  };
  return { nodes, identity, channel, start };
}

/** A secured connection with a daemon, made by hand with any key; closed with the test. */
export async function secureConnection(
  t: ExecutionContext,
  { peerAddress, daemon }: TestNode,
  identity: ReturnType<typeof newIdentity>,
  protocol: LinkProtocol,
): Promise<SecureStream> {
  const stream = connect(Number(peerAddress.split(':')[1]), '127.0.0.1');
  t.teardown(() => stream.destroy());
  const expected = { address: peerAddress, nodeId: parseNodeId(daemon.nodeId), protocol };
  return new SecureHandshakes(identity, { handshakeMs }).asDialer(stream, expected);
}
