import { randomBytes } from 'node:crypto';

import test from 'ava';

import { connected, startTestNetwork } from '../support/network.js';
import { allItems } from '../support/sdk-client.js';

const sizeBytes = 6_000_000;
/** Megabytes a second: what is limited to it takes a minute, and anything else a second. */
const limit = '0.1';

for (const [flag, limitedNode] of [
  ['--upload-limit', 'owner'],
  ['--download-limit', 'reader'],
] as const) {
  test(`files and feeds keep to ${flag}`, async (t) => {
    const isLimited = (index: number): boolean => (limitedNode === 'owner' ? index === 0 : index === 2);
    const { nodes } = await startTestNetwork(t, 4, { daemon: (index) => ({ arguments: isLimited(index) ? [flag, limit] : [] }) });
    const [limitedOwner, owner, limitedReader, reader] = nodes.map(({ client }) => client);
    for (const node of nodes) await connected(node, 3);
    const slow = limitedNode === 'owner' ? { from: limitedOwner!, to: reader! } : { from: owner!, to: limitedReader! };
    const content = randomBytes(sizeBytes);
    const other = randomBytes(sizeBytes);
    const ending = new AbortController();
    const { signal } = ending;
    const over: string[] = [];
    const messages = Array.from({ length: 60 }, (_, index) => ({ text: 'x'.repeat(sizeBytes / 60), index }));
    const slowUri = await slow.from.storeBytes(content);
    const slowFeed = (await slow.from.feeds.create()).subfeed('main');
    await slowFeed.append(messages);
    const loading = slow.to.loadFile(slowUri, { signal }).then(() => over.push('slow file'));
    const reading = (async () => allItems((await slow.to.feeds.loadSubfeed(slowFeed.uri, { signal })).read({ signal })))().then(() => over.push('slow feed'));
    const fastUri = await owner!.storeBytes(other);
    const fastFeed = (await owner!.feeds.create()).subfeed('main');
    await fastFeed.append(messages);
    await reader!.loadFile(fastUri);
    t.is((await allItems((await reader!.feeds.loadSubfeed(fastFeed.uri)).read())).length, messages.length);
    t.deepEqual(over, [], 'what is not limited came first');
    ending.abort();
    await Promise.allSettled([loading, reading]);
    t.deepEqual(over, []);
  });
}
