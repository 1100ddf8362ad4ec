import test from 'ava';

import { listeningAddresses } from '../../../src/daemon/listening-addresses.js';

test('localhost is both of its addresses, so that nobody else can wait on the other', async (t) => {
  t.deepEqual(await listeningAddresses('localhost', false), ['127.0.0.1', '::1']);
});

for (const address of ['127.0.0.1', '127.8.9.10', '::1']) {
  test(`${address} is of this machine only`, async (t) => {
    t.deepEqual(await listeningAddresses(address, false), [address]);
  });
}

for (const address of ['0.0.0.0', '::', '192.168.1.2', '::ffff:10.0.0.1']) {
  test(`${address} needs the owner's consent`, async (t) => {
    t.like(await t.throwsAsync(listeningAddresses(address, false), { message: /--insecure-bind/ }), { reason: 'invalid-argument' });
    t.deepEqual(await listeningAddresses(address, true), [address]);
  });
}

test('a name that nobody knows is told', async (t) => {
  t.like(await t.throwsAsync(listeningAddresses('no-such-host.invalid', true)), { reason: 'invalid-argument' });
});
