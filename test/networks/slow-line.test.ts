import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import test, { type ExecutionContext } from 'ava';

import { type Progress } from '../../src/client/index.js';
import { type TestNode } from '../support/network.js';
import { expectFollow, linked } from './exchange.js';
import { joinChannel } from './join-channel.js';
import { nodeAt } from './node-at.js';
import { TestInternet } from './test-internet.js';

const MB = 1_000_000;
const slowMegabits = 10;
const slowBytesPerSecond = (slowMegabits * MB) / 8;

/** Loads and resolves with what the load told; asserts that every byte is there, and that no source was blamed for anything on the way. */
async function loadTelling(t: ExecutionContext, sources: readonly TestNode[], reader: TestNode, sizeBytes: number): Promise<readonly Progress[]> {
  const content = randomBytes(sizeBytes);
  const uris = await Promise.all(sources.map(({ client }) => client.storeBytes(content)));
  const told: Progress[] = [];
  const path = await reader.client.loadFile(uris[0] ?? '', { onProgress: (progress) => told.push(progress) });
  t.true((await readFile(path)).equals(content));
  t.deepEqual([...new Set(told.flatMap(({ sources: asked = [] }) => asked.map(({ problem }) => problem)))], ['']);
  t.false(told.some(({ state }) => state === 'waiting'));
  return told;
}

test('over 10 Mbit/s a file comes whole, tells how far it is, and nobody is taken for silent', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const [near, far] = [await internet.host(), await internet.host()];
  const [reader, source] = [await nodeAt(t, near, 'reader'), await nodeAt(t, far, 'source')];
  await joinChannel(t, [reader, source], { bootstrapAddresses: [source.peerAddress] });
  await linked(reader, source, 'direct');
  await far.limitRate(slowMegabits);
  // All of it is one chunk, which is not verified before the end.
  const sizeBytes = 18 * MB;
  const told = await loadTelling(t, [source], reader, sizeBytes);
  t.log(JSON.stringify(told.map(({ state, doneBytes, sources = [] }) => [state, doneBytes, sources[0]?.bytesPerSecond])));
  const counts = told.map(({ doneBytes }) => doneBytes);
  const steps = counts.map((bytes, index) => bytes - (counts[index - 1] ?? 0)).filter((bytes) => bytes !== 0);
  // Several messages of a mebibyte are on their way at a time, and may arrive together.
  t.true(steps.length >= 6 && steps.every((bytes) => bytes > 0 && bytes < sizeBytes / 3), 'it grows steadily');
  const rate = told.at(-1)?.sources?.[0]?.bytesPerSecond ?? 0;
  t.true(rate > 0.6 * slowBytesPerSecond && rate < 1.4 * slowBytesPerSecond, `the rate is that of the line: ${String(rate)}`);
  await expectFollow(t, source, reader);
});

test('a source behind 10 Mbit/s helps one that is fast and does not hold it up', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const slowPlace = await internet.host();
  const slow = await nodeAt(t, slowPlace, 'slow');
  const [reader, fast] = [await nodeAt(t, await internet.host(), 'reader'), await nodeAt(t, await internet.host(), 'fast', ['--upload-limit', '10'])];
  await joinChannel(t, [reader, slow, fast], { bootstrapAddresses: [fast.peerAddress] });
  await Promise.all([linked(reader, slow, 'direct'), linked(reader, fast, 'direct')]);
  await slowPlace.limitRate(slowMegabits);
  const told = await loadTelling(t, [slow, fast], reader, 50 * MB);
  const loaded = new Map(told.at(-1)?.sources?.map(({ nodeId, loadedBytes }) => [nodeId, loadedBytes]));
  // In the time that the slow one needs for one chunk, the fast one sends all of it.
  t.true((loaded.get(fast.daemon.nodeId) ?? 0) > 40 * MB, JSON.stringify([...loaded]));
});
