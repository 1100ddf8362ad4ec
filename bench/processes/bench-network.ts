import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { compiledCommand } from '../repository.js';
import { type BenchDaemon, startBenchDaemon } from './bench-daemon.js';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const connectWithinMs = 20_000;

/** How a benchmark's network differs from the usual one. */
export interface BenchNetworkOptions {
  /** More flags of the daemon of each node. */
  readonly flags?: (index: number) => readonly string[];
  /** Port where the others find the node behind this port, as behind a forwarder; the port itself if left out. */
  readonly bootstrapPort?: (port: number) => Promise<number>;
}

/** Daemons on loopback that have joined one channel and are connected with each other. Dispose of it to stop them. */
export interface BenchNetwork extends AsyncDisposable {
  readonly nodes: readonly BenchDaemon[];
  /** Bytes that each node has sent to the others so far. */
  sentBytes(): Promise<readonly number[]>;
}

/** Starts a network of so many nodes, each with its directories in a folder of `dir`; the first is where the others begin. */
export async function startBenchNetwork(dir: string, count: number, { flags = () => [], bootstrapPort = async (port) => port }: BenchNetworkOptions = {}) {
  const nodes: BenchDaemon[] = [];
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const network: BenchNetwork = {
    nodes,
    sentBytes: () => Promise.all(nodes.map(sentBytesOf)),
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes) await node[Symbol.asyncDispose]();
    },
  };
  try {
    for (const [index, port] of ports.entries()) {
      const nodeDir = join(dir, `node-${String(index)}`);
      await mkdir(nodeDir);
      nodes.push(await startBenchDaemon(nodeDir, ['--peer-host', '127.0.0.1', '--peer-port', String(port), ...flags(index)]));
    }
    const channel = join(dir, 'channel.yaml');
    await writeFile(channel, channelText(await bootstrapPort(ports[0] ?? 0), nodes));
    for (const node of nodes) await command(node, 'join-channel', channel);
    for (const node of nodes) await connected(node, count - 1);
    return network;
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs a command of the command line for a node, as its owner, and resolves with what it told, a value a line. */
async function command(node: BenchDaemon, ...words: readonly string[]): Promise<unknown[]> {
  const { stdout } = await run(process.execPath, [compiledCommand, ...words, '--json'], { env: node.environmentOf('owner') });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

async function connected(node: BenchDaemon, count: number): Promise<void> {
  const deadlineMs = performance.now() + connectWithinMs;
  for (;;) {
    const peers = (await command(node, 'peers')) as { isConnected: boolean }[];
    if (peers.filter(({ isConnected }) => isConnected).length >= count) return;
    if (performance.now() > deadlineMs) throw new Error(`a node is not connected with ${String(count)} others: ${JSON.stringify(peers)}`);
    await pause(100);
  }
}

async function sentBytesOf(node: BenchDaemon): Promise<number> {
  const peers = (await command(node, 'peers')) as { sentBytes: number }[];
  return peers.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
}

function channelText(port: number, nodes: readonly BenchDaemon[]): string {
  const listed = nodes.map(({ nodeId }) => `  - nodeId: ${nodeId}\n`).join('');
  return `channelLabel: bench\nbootstrapAddresses:\n  - hostName: 127.0.0.1\n    port: ${String(port)}\nauthorizedNodes:\n${listed}`;
}
