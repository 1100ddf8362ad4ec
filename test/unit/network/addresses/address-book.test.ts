import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';

import { limits } from '../../../../src/core/limits.js';
import { AddressBook } from '../../../../src/network/addresses/address-book.js';
import { isLoopback } from '../../../../src/network/addresses/is-loopback.js';
import { isOnlyLocal } from '../../../../src/network/addresses/is-only-local.js';
import { formatNetworkAddress, parseNetworkAddress } from '../../../../src/network/addresses/network-address.js';
import { learnAddresses } from '../../../../src/network/link/learn-addresses.js';
import { newIdentity } from '../../../support/linked-node.js';
import { temporaryFolder } from '../../../support/temporary-storage.js';

const warnings: string[] = [];
const log = { debug: () => undefined, info: () => undefined, warn: (_fields: object, text: string) => void warnings.push(text), error: () => undefined };

/** A clock that a test sets. */
function book(path?: string) {
  const clock = { nowMs: 1_000, now: () => clock.nowMs };
  return { clock, open: () => AddressBook.open(path, { clock, log }) };
}

test('an address is a host and a port; IPv6 is in brackets', (t) => {
  t.deepEqual(parseNetworkAddress('Example.org:80'), { host: 'example.org', port: 80 });
  t.deepEqual(parseNetworkAddress('[2001:DB8::1]:20422'), { host: '2001:db8::1', port: 20422 });
  for (const text of [
    '',
    'host',
    'host:',
    ':80',
    'host:0',
    'host:65536',
    '::1:80',
    '[::1]',
    '[nonsense]:80',
    'a b:80',
    `${'a'.repeat(254)}:80`,
    '[fe80::1%eth0]:80',
  ]) {
    t.is(parseNetworkAddress(text), undefined, text);
  }
  for (const text of ['example.org:80', '[2001:db8::1]:20422']) t.is(formatNetworkAddress(parseNetworkAddress(text)!), text);
  t.is(formatNetworkAddress({ host: '::ffff:192.0.2.1', port: 80 }), '192.0.2.1:80');
});

test('addresses that lead back to the machine, or only to its cable, are told from others', (t) => {
  for (const host of ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', 'localhost', '169.254.1.1', 'fe80::1', 'fe80::1%eth0', '::ffff:127.0.0.1'])
    t.true(isOnlyLocal(host), host);
  for (const host of ['192.168.0.1', '10.0.0.1', '2001:db8::1', 'example.org', 'fd00::1', '172.17.0.1']) t.false(isOnlyLocal(host), host);
});

test('a local address is known in every spelling', (t) => {
  for (const text of [
    '127.1:80',
    '0x7f.1:80',
    '0177.0.0.01:80',
    '2130706433:80',
    '127.0.0.1.:80',
    'LOCALHOST:80',
    'localhost.:80',
    'any.localhost:80',
    '0:80',
    '[::ffff:127.0.0.1]:80',
    '[::ffff:7f00:1]:80',
    '[0:0:0:0:0:0:0:1]:80',
    '[0:0:0:0:0:ffff:127.0.0.1]:80',
    '[::]:80',
    '[::127.0.0.1]:80',
    '[FE80:0::1]:80',
    '[::ffff:a9fe:101]:80',
    '2851995905:80',
  ]) {
    const { host } = parseNetworkAddress(text)!;
    t.true(isOnlyLocal(host), text);
    t.deepEqual(learned(text), [], text);
  }
  for (const text of ['256.1.1.1:80', '1.2.3.4.5:80', '.:80', '4294967296:80']) t.is(parseNetworkAddress(text), undefined, text);
  t.deepEqual(learned('[::ffff:c000:201]:80'), ['192.0.2.1:80']);
  t.deepEqual(learned('3221225985:80'), ['192.0.2.1:80']);
  t.true(isLoopback('127.1') && isLoopback('::ffff:7f00:1') && isLoopback('localhost.'));
  t.false(isLoopback('fe80::1') || isLoopback('169.254.1.1') || isLoopback('0.0.0.0'));
});

test('who comes over the same cable is not on the same machine', async (t) => {
  const addresses = await book().open();
  const { id } = newIdentity();
  learnAddresses(addresses, id, { addresses: ['127.0.0.1:22'], origin: 'member', remoteAddress: '[fe80::1]:50000' });
  t.deepEqual(addresses.addressesOf(id), []);
});

/** What is kept of an address that a node of another machine tells. */
function learned(address: string): readonly string[] {
  const kept: string[] = [];
  const book = { learn: (_id: unknown, addresses: readonly string[]) => kept.push(...addresses) } as unknown as AddressBook;
  learnAddresses(book, newIdentity().id, { addresses: [address], origin: 'member', remoteAddress: '203.0.113.7:50000' });
  return kept;
}

test('what worked last is tried first, what failed last', async (t) => {
  const { clock, open } = book();
  const addresses = await open();
  const { id } = newIdentity();
  addresses.learn(id, ['member:1'], 'member');
  addresses.learn(id, ['told:1', 'told:2'], 'greeting');
  t.deepEqual(addresses.addressesOf(id), ['told:1', 'told:2', 'member:1']);
  addresses.noteFailure(id, 'told:1');
  addresses.noteSuccess(id, 'member:1');
  t.deepEqual(addresses.addressesOf(id), ['member:1', 'told:2', 'told:1']);
  clock.nowMs += 1;
  addresses.noteSuccess(id, 'told:2');
  t.deepEqual(addresses.addressesOf(id), ['told:2', 'member:1', 'told:1']);
  t.deepEqual(addresses.firstHandAddressesOf(id), ['told:2', 'member:1', 'told:1']);
});

test('what a node says of itself replaces what it said before, but not what worked', async (t) => {
  const addresses = await book().open();
  const { id } = newIdentity();
  addresses.learn(id, ['old:1', 'old:2', 'not an address'], 'greeting');
  addresses.noteSuccess(id, 'old:2');
  addresses.learn(id, ['new:1'], 'greeting');
  t.deepEqual(addresses.addressesOf(id), ['old:2', 'new:1']);
});

test('a node has no more addresses than may be, and what worked stays', async (t) => {
  const addresses = await book().open();
  const { id } = newIdentity();
  addresses.noteSuccess(id, 'good:1');
  for (let round = 0; round < 10; round++)
    addresses.learn(
      id,
      Array.from({ length: 100 }, (_, index) => `host-${String(round)}:${String(index + 1)}`),
      'member',
    );
  t.is(addresses.addressesOf(id).length, limits.maxNodeAddresses);
  t.is(addresses.addressesOf(id)[0], 'good:1');
});

test('what others say takes no room from what worked, though it fails now, nor from what the node says itself', async (t) => {
  const addresses = await book().open();
  const { id } = newIdentity();
  const lies = (round: number): string[] => Array.from({ length: limits.maxNodeAddresses }, (_, index) => `lie-${String(round)}:${String(index + 1)}`);
  addresses.noteSuccess(id, 'good:1');
  addresses.noteFailure(id, 'good:1');
  addresses.learn(id, ['own:1', 'own:2'], 'greeting');
  addresses.noteFailure(id, 'own:1');
  for (let round = 0; round < 5; round++) addresses.learn(id, lies(round), 'member');
  t.is(addresses.addressesOf(id).length, limits.maxNodeAddresses);
  for (const address of ['good:1', 'own:1', 'own:2']) t.true(addresses.addressesOf(id).includes(address), address);
  // Where a lie was found out, there is room for the truth.
  addresses.noteFailure(id, 'lie-0:1');
  addresses.learn(id, ['true:1'], 'member');
  t.true(addresses.addressesOf(id).includes('true:1'));
  t.false(addresses.addressesOf(id).includes('lie-0:1'));
  // What the node says itself takes the room of lies, not that of what has failed just now.
  addresses.learn(id, ['own:1', 'own:2', 'own:3'], 'greeting');
  for (const address of ['good:1', 'own:1', 'own:3']) t.true(addresses.addressesOf(id).includes(address), address);
  addresses.learn(
    id,
    lies(9).map((text) => text.replace('lie', 'own')),
    'greeting',
  );
  addresses.noteSuccess(id, 'found:1');
  t.false(addresses.addressesOf(id).some((address) => address.startsWith('lie')));
  for (const address of ['found:1', 'own-9:2']) t.true(addresses.addressesOf(id).includes(address), address);
  // Nothing of that gives way to hearsay.
  const before = addresses.addressesOf(id);
  addresses.learn(id, lies(10), 'member');
  t.deepEqual(addresses.addressesOf(id), before);
});

test('seeds are those of the owner and of the channels, and know whom they led to', async (t) => {
  const addresses = await book().open();
  const { id } = newIdentity();
  addresses.setSeeds('bootstrap', ['b:1', 'both:1', 'nonsense']);
  addresses.setSeeds('static', ['s:1', 'both:1']);
  t.deepEqual(
    addresses.seeds().map(({ address }) => address),
    ['s:1', 'both:1', 'b:1'],
  );
  addresses.noteSuccess(id, 'b:1');
  t.is(addresses.seeds().find(({ address }) => address === 'b:1')?.nodeId, id);
  addresses.noteFailure(id, 'b:1');
  t.is(addresses.seeds().find(({ address }) => address === 'b:1')?.nodeId, undefined);
  addresses.setSeeds('bootstrap', []);
  t.deepEqual(
    addresses.seeds().map(({ address }) => address),
    ['s:1', 'both:1'],
  );
});

test('what worked outlives the book; a file that is no such thing is forgotten, with a warning', async (t) => {
  const path = join(await temporaryFolder(t), 'addresses.json');
  const { open } = book(path);
  const { id } = newIdentity();
  const first = await open();
  first.learn(id, ['told:1'], 'greeting');
  first.noteSuccess(id, 'good:1');
  await first.close();
  await first.close();
  t.deepEqual((await open()).addressesOf(id), ['good:1']);
  for (const text of ['', '{', '{}', 'null', '{"addresses":[null]}', '{"addresses":[{"nodeId":"x","address":"a:1","workedAtMs":1}]}', 'x'.repeat(2_000_000)]) {
    await writeFile(path, text);
    const before = warnings.length;
    t.deepEqual((await open()).addressesOf(id), []);
    t.is(warnings.length, before + 1, text.slice(0, 100));
  }
});

test('a node of another machine cannot name addresses of this one; its ports count where it comes from', async (t) => {
  const addresses = await book().open();
  const [far, near, told] = [newIdentity().id, newIdentity().id, newIdentity().id];
  const own = ['127.0.0.1:22', '192.168.1.5:20422', '[fe80::1]:20422'];
  learnAddresses(addresses, far, { addresses: own, origin: 'greeting', remoteAddress: '203.0.113.7:50000' });
  t.deepEqual([...addresses.addressesOf(far)].sort(), ['192.168.1.5:20422', '203.0.113.7:20422', '203.0.113.7:22']);
  learnAddresses(addresses, near, { addresses: ['127.0.0.1:20422'], origin: 'greeting', remoteAddress: '127.0.0.1:50000' });
  t.deepEqual(addresses.addressesOf(near), ['127.0.0.1:20422']);
  learnAddresses(addresses, told, { addresses: ['127.0.0.1:1', '198.51.100.1:2'], origin: 'member', remoteAddress: undefined });
  t.deepEqual(addresses.addressesOf(told), ['198.51.100.1:2']);
});
