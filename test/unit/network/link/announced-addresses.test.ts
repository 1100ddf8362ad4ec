import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import test, { type ExecutionContext } from 'ava';

import { limits } from '../../../../src/core/limits.js';
import { type SeedOrigin } from '../../../../src/network/addresses/address-book.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const address = 'https://example.org/lab.yaml';

/** Listens, takes every connection, and says nothing. */
async function tarpit(t: ExecutionContext, sockets: Set<Socket>): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

for (const origin of ['lan', 'dht'] satisfies SeedOrigin[]) {
  test(`who announces addresses (${origin}) where nobody answers keeps no member from being looked for, or connected`, async (t) => {
    t.timeout(60_000);
    const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
    const channels = [{ address, nodeIds: [one.id, two.id, three.id] }];
    // Whoever is waited for here is waited for in vain.
    const node = await LinkedNode.start(t, { identity: one, channels, timing: { connectMs: 600_000 } });
    const sockets = new Set<Socket>();
    const announced = await Promise.all(Array.from({ length: 4 * limits.maxDials }, () => tarpit(t, sockets)));
    node.addresses.setSeeds(origin, announced);
    await until('some are dialed', () => sockets.size === limits.maxAnnouncedDials);
    await node.links.connect([two.id, three.id]);
    const member = await LinkedNode.start(t, { identity: two, channels });
    node.addresses.setSeeds('static', [member.address]);
    await until('the member is connected', () => node.links.connected().length === 1);
    t.is(sockets.size, limits.maxAnnouncedDials, 'so many at a time, and nobody waited for them');
  });
}
