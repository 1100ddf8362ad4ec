import { type Socket } from 'node:net';

import test from 'ava';

import { limits } from '../../../../src/core/limits.js';
import { type SeedOrigin } from '../../../../src/network/addresses/address-book.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';
import { startBareServer } from '../../../support/start-bare-server.js';

const address = 'https://example.org/lab.yaml';

for (const origin of ['lan', 'dht'] satisfies SeedOrigin[]) {
  test(`who announces addresses (${origin}) where nobody answers keeps no member from being looked for, or connected`, async (t) => {
    t.timeout(60_000);
    const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
    const channels = [{ address, nodeIds: [one.id, two.id, three.id] }];
    // Whoever is waited for here is waited for in vain.
    const node = await LinkedNode.start(t, { identity: one, channels, timing: { connectMs: 600_000 } });
    const sockets = new Set<Socket>();
    const silent = () => startBareServer(t, (socket) => sockets.add(socket));
    const announced = await Promise.all(Array.from({ length: 4 * limits.maxDials }, silent));
    node.addresses.setSeeds(origin, announced);
    await until('some are dialed', () => sockets.size === limits.maxAnnouncedDials);
    await node.links.connect([two.id, three.id]);
    const member = await LinkedNode.start(t, { identity: two, channels });
    node.addresses.setSeeds('static', [member.address]);
    await until('the member is connected', () => node.links.connected().length === 1);
    t.is(sockets.size, limits.maxAnnouncedDials, 'so many at a time, and nobody waited for them');
  });
}
