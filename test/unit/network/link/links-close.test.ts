import test from 'ava';

import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const address = 'https://example.org/lab.yaml';

/** What keeps a process alive: sockets, listeners, timers. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCP|TLS|Timeout)/.test(name))
    .sort();
}

// Alone in its file: what other tests have open would count.
test('nothing is open any more when links have closed, whatever they were doing', async (t) => {
  const before = resources();
  const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id, three.id] }];
  const listening = await LinkedNode.start(t, { identity: one, channels });
  const hidden = await LinkedNode.start(t, { identity: two, channels, isHidden: true, staticPeers: [listening.address] });
  // It waits for its next try, and for an address where nobody answers.
  const lonely = await LinkedNode.start(t, { identity: three, channels, isHidden: true, staticPeers: ['127.0.0.1:1', '192.0.2.1:1'] });
  await until('two are connected', () => hidden.links.connected()[0] && listening.links.connected()[0]);
  const reading = hidden.peers.connected()[0]!.readFile(listening.store(Buffer.alloc(1000)), { start: 0, end: 1000 });
  listening.send = () => undefined;
  const read = t.throwsAsync(reading.next());
  t.true(resources().length > before.length);
  await Promise.all([listening, hidden, lonely].map(({ links }) => links.close()));
  await read;
  await until('nothing is left', () => resources().join() === before.join());
});
