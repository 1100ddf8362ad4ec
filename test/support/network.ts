import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ExecutionContext } from 'ava';

import { freePort } from '../../bench/processes/free-port.js';
import { connect, type KacheryClient } from '../../src/client/index.js';
import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from './daemon.js';

/** A node of a test's network: a daemon that has joined its channel. */
export interface TestNode {
  readonly name: string;
  readonly daemon: TestDaemon;
  /** A client as its owner has it. */
  readonly client: KacheryClient;
  /** `host:port` where other nodes reach it. */
  readonly peerAddress: string;
}

/** A channel in a file, and the nodes that have joined it. */
export interface TestNetwork {
  /** Address of the channel: a path. */
  readonly channel: string;
  readonly nodes: readonly TestNode[];
  /** Writes the channel's file anew, so that it lists these nodes. */
  list(nodes: readonly TestNode[]): Promise<void>;
}

/** How a network is made; everything has a default. */
export interface TestNetworkOptions {
  /** Options of each node's daemon. */
  readonly daemon?: (index: number) => TestDaemonOptions;
}

/** Starts daemons on loopback that have all joined one channel, whose bootstrap address is that of the first. They are not connected yet when it resolves. */
export async function startTestNetwork(t: ExecutionContext, count: number, { daemon = () => ({}) }: TestNetworkOptions = {}): Promise<TestNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'kachery-p2p-network-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const channel = join(folder, 'channel.yaml');
  const nodes = await Promise.all(Array.from({ length: count }, (_, index) => startNode(t, index, daemon(index))));
  const list = (listed: readonly TestNode[]): Promise<void> => writeFile(channel, channelText(nodes[0]?.peerAddress ?? '', listed));
  await list(nodes);
  for (const { client } of nodes) await client.channels.join(channel);
  return { channel, nodes, list };
}

/** A node that has joined no channel yet. */
export async function startNode(t: ExecutionContext, index: number, options: TestDaemonOptions = {}): Promise<TestNode> {
  const peerPort = await freePort();
  const name = `node-${String(index)}`;
  const flags = ['--label', name, '--peer-host', '127.0.0.1', '--peer-port', String(peerPort)];
  const daemon = await startTestDaemon(t, { ...options, arguments: [...flags, ...(options.arguments ?? [])] });
  const client = await connect({ environment: daemon.environment });
  t.teardown(() => client.close());
  return { name, daemon, client, peerAddress: `127.0.0.1:${String(peerPort)}` };
}

/** Resolves when a node is connected with so many others; rejects when the test's time is up. */
export async function connected({ client }: TestNode, count: number): Promise<void> {
  for (;;) {
    const peers = await client.channels.peers();
    if (peers.filter(({ isConnected }) => isConnected).length >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function channelText(bootstrapAddress: string, nodes: readonly TestNode[]): string {
  const [hostName, port] = bootstrapAddress.split(':');
  return [
    'channelLabel: test-channel',
    'bootstrapAddresses:',
    `  - hostName: ${hostName ?? ''}`,
    `    port: ${port ?? ''}`,
    'authorizedNodes:',
    ...nodes.flatMap(({ name, daemon }) => [`  - nodeId: ${daemon.nodeId}`, `    nodeLabel: ${name}`]),
    '',
  ].join('\n');
}
