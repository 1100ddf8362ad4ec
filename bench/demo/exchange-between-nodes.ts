import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { connect } from '../../src/client/index.js';
import { freePort } from '../processes/free-port.js';
import { type DemoDaemon, startDemoDaemon } from './demo-daemon.js';
import { expectDigest } from './expect-digest.js';
import { runCommand } from './load-with-command.js';
import { randomRanges } from './random-ranges.js';
import { type Original, type Stage } from './stage.js';

const rangeBytes = 1024 * 1024;
const pieceBytes = 1024 * 1024;

/** Starts two more nodes, which join a channel with the first and get from it, and from each other, what it has. */
export async function exchangeBetweenNodes(stage: Stage & { readonly peerPort: number }, originals: readonly [Original, Original]): Promise<void> {
  const { narrator, daemon, dir, signal } = stage;
  const [recording, array] = originals;
  narrator.chapter('Exchange between nodes');
  const { nodes } = await narrator.step('two more daemons, each with its own key and directories', async () => {
    const started = [await startNode(join(dir, 'second'), signal), await startNode(join(dir, 'third'), signal)] as const;
    return { nodes: started, details: started.map(({ facts }) => `node ${facts.nodeId.slice(0, 16)}… at ${facts.address}`) };
  });
  await using second = nodes[0];
  await using third = nodes[1];
  await joinAll(stage, [daemon, second, third]);
  await loadWhole({ ...stage, daemon: second }, recording, 'the second node');
  await readRanges({ ...stage, daemon: third }, array);
  await loadWhole({ ...stage, daemon: second }, array, 'the second node');
  await loadWhole({ ...stage, daemon: third }, array, 'the third node, from both others');
  await followAcross(stage, second);
}

async function startNode(dir: string, signal: AbortSignal): Promise<DemoDaemon> {
  await mkdir(join(dir, 'storage'), { recursive: true });
  return startDemoDaemon(dir, await freePort(), signal);
}

async function joinAll({ narrator, dir, peerPort, signal }: Stage & { readonly peerPort: number }, daemons: readonly DemoDaemon[]): Promise<void> {
  const channel = join(dir, 'channel.yaml');
  const lines = daemons.map(({ facts }) => `  - nodeId: ${facts.nodeId}\n`);
  const bootstrap = `  - hostName: 127.0.0.1\n    port: ${String(peerPort)}\n`;
  await writeFile(channel, `channelLabel: demo-channel\nbootstrapAddresses:\n${bootstrap}authorizedNodes:\n${lines.join('')}`);
  await narrator.step('kachery-p2p join-channel channel.yaml, each of the three', async () => {
    for (const daemon of daemons) await runCommand({ daemon, signal }, ['join-channel', channel]);
    return { details: ['a channel is a text file that lists who may talk to whom'] };
  });
}

async function loadWhole(stage: Stage, { name, uri, sizeBytes, sha256 }: Original, where: string): Promise<void> {
  const { narrator } = stage;
  const { path } = await narrator.step(`kachery-p2p load ${name}, on ${where}`, async () => ({
    path: (await runCommand(stage, ['load', uri])).toString().trimEnd(),
    sizeBytes,
  }));
  await expectDigest(createReadStream(path, { highWaterMark: pieceBytes }), sha256, path);
}

/** Of a file that is not on the node, only the chunks that are touched are fetched. */
async function readRanges(stage: Stage, { name, uri, sizeBytes }: Original): Promise<void> {
  const { narrator, python } = stage;
  for (const [start, end] of randomRanges(sizeBytes, 2, rangeBytes)) {
    const [digest] = (await python.call('range_digests', { name, ranges: [[start, end]] })) as string[];
    await narrator.step(`kachery-p2p cat ${name} --start ${String(start)} …, on the third node`, async () => {
      await expectDigest([await runCommand(stage, ['cat', uri, '--start', String(start), '--end', String(end)])], digest ?? '', uri);
      return { sizeBytes: rangeBytes };
    });
  }
}

/** What the first node appends, the second one hears. */
async function followAcross({ narrator, daemon, signal }: Stage, second: DemoDaemon): Promise<void> {
  const owner = await connect({ environment: daemon.environment });
  const reader = await connect({ environment: second.environment });
  try {
    const feed = await owner.feeds.create('across', { signal });
    await narrator.step('append to a feed of the first node, follow it on the second', async () => {
      const subfeed = feed.subfeed('main');
      await subfeed.append([{ round: 0 }], { signal });
      const heard: unknown[] = [];
      for await (const { value } of (await reader.feeds.loadSubfeed(subfeed.uri, { signal })).follow({ signal })) {
        heard.push(value);
        if (heard.length === 3) break;
        await subfeed.append([{ round: heard.length }], { signal });
      }
      if (JSON.stringify(heard) !== '[{"round":0},{"round":1},{"round":2}]') throw new Error(`other messages came: ${JSON.stringify(heard)}`);
      return { details: ['each message came, verified, and was answered with the next'] };
    });
  } finally {
    await owner.close();
    await reader.close();
  }
}
