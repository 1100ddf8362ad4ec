import { randomBytes } from 'node:crypto';

import test from 'ava';

import { failureOf, loaded, temporaryFetcher } from '../support/fetching.js';
import { LinkedNode, newIdentity } from '../support/linked-node.js';
import { until } from './until.js';

const address = 'https://example.org/lab.yaml';

// Not a whole daemon, which waits longer than anybody wants to look on: for silence 20 s, and for a node to come back a minute.
test('if the only one that has a file is connected and sends nothing, the load ends, says who it was, and asks for nothing any more', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const silent = await LinkedNode.start(t, { identity: one, channels, label: 'silent' });
  const reader = await LinkedNode.start(t, { identity: two, channels, isHidden: true, staticPeers: [silent.address] });
  await until('they are connected', () => reader.peers.connected()[0]);
  let [asked, left] = [0, 0];
  silent.send = (call) => {
    asked++;
    call.on('cancelled', () => left++);
  };
  const timing = { silentMs: 300, waitForSourceMs: 3_000, retryMs: 100 };
  const { fetcher, store } = await temporaryFetcher(t, reader.peers, { timing });
  const contents = [randomBytes(300_000), randomBytes(25_000_000)];
  await Promise.all(
    contents.map(async (content) => {
      const id = silent.store(content);
      const failure = await failureOf(t, loaded(fetcher.load({ id })));
      t.is(failure.reason, 'node-unreachable');
      t.regex(failure.message, /silent \([0-9a-f]{8}….*it was silent for/);
      t.is(await store.find(id), undefined);
    }),
  );
  t.true(asked >= 2 * contents.length, 'it was given another chance');
  await until('nothing is asked of it any more', () => left === asked);
  t.truthy(reader.peers.connected()[0]);
});
