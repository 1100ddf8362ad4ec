import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { ExecutionContext } from 'ava';

import { until } from '../fault/until.js';
import { type TestNode } from '../support/network.js';
import { take } from '../support/sdk-client.js';

/** How often is looked whether nodes have got so far. */
const lookAgainMs = 50;

/** How one node is connected with another now; undefined if it is not. */
export async function linkBetween({ client }: TestNode, { daemon }: TestNode): Promise<string | undefined> {
  const peer = (await client.channels.peers()).find(({ nodeId }) => nodeId === daemon.nodeId);
  return peer?.isConnected === true ? peer.link : undefined;
}

/** Resolves when each of two nodes is connected with the other in this way. */
export async function linked(one: TestNode, other: TestNode, kind: string): Promise<void> {
  await until(
    `${one.name} and ${other.name} are connected, ${kind}`,
    async () => {
      const [there, back] = [await linkBetween(one, other), await linkBetween(other, one)];
      return there === kind && back === kind;
    },
    lookAgainMs,
  );
}

/** Loads a file of one node on another and asserts that every byte is there. */
export async function expectLoad(t: ExecutionContext, source: TestNode, reader: TestNode, sizeBytes: number): Promise<void> {
  const content = randomBytes(sizeBytes);
  const uri = await source.client.storeBytes(content);
  t.true((await readFile(await reader.client.loadFile(uri))).equals(content), `${source.name} -> ${reader.name}`);
}

/** Follows a feed of one node on another and asserts that what was there and what comes while it follows arrive. */
export async function expectFollow(t: ExecutionContext, owner: TestNode, reader: TestNode): Promise<void> {
  const subfeed = (await owner.client.feeds.create()).subfeed('main');
  await subfeed.append(['before']);
  const followed = take((await reader.client.feeds.loadSubfeed(subfeed.uri)).follow({ position: 0, verified: true }), 3);
  await subfeed.append(['live']);
  await subfeed.append(['live too']);
  t.deepEqual(
    (await followed).map(({ value }) => value),
    ['before', 'live', 'live too'],
  );
}
