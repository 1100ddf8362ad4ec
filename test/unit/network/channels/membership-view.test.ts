import test from 'ava';

import { isKacheryError } from '../../../../src/core/failure.js';
import { parseChannelAddress } from '../../../../src/network/channels/channel-address.js';
import { type ChannelConfig, type ChannelNode } from '../../../../src/network/channels/channel-config.js';
import { type ChannelRoles } from '../../../../src/network/channels/channel-roles.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { type KnownChannel, MembershipView } from '../../../../src/network/channels/membership-view.js';
import { madeUpNodeId } from '../../../support/channel-text.js';

const [self, anna, ben, stranger] = [1, 2, 3, 4].map(madeUpNodeId) as [ReturnType<typeof madeUpNodeId>, ...ReturnType<typeof madeUpNodeId>[]];
const noRoles: ChannelRoles = { relay: false, public: false };

function node(nodeId = self, roles: Partial<ChannelNode> = {}): ChannelNode {
  return { nodeId, label: `node ${nodeId.slice(-1)}`, isAdmin: false, isRelay: false, isPublic: false, ...roles };
}

function channel(
  name: string,
  nodes: readonly ChannelNode[] | undefined,
  { roles = noRoles, ...config }: Partial<ChannelConfig & { roles: ChannelRoles }> = {},
) {
  const known: KnownChannel = {
    address: parseChannelAddress(`https://example.org/${name}`),
    roles,
    config: nodes && { label: name, bootstrapAddresses: [`${name}.example.org:1`], nodes, ...config },
  };
  return known;
}

const tagOf = ({ address }: KnownChannel) => channelTag(address);

test('a channel that lists both authorises them, and only them', (t) => {
  const lab = channel('lab1', [node(self), node(anna)]);
  const other = channel('lab2', [node(anna), node(ben)]);
  const view = new MembershipView(self, [lab, other]);
  const unknown = tagOf(channel('lab3', []));
  t.deepEqual(view.tags(), [tagOf(lab), tagOf(other)]);
  t.deepEqual(view.compare(anna!, [tagOf(lab), tagOf(other), unknown, tagOf(lab)]), { shared: [tagOf(lab)], refused: [tagOf(other)] });
  t.deepEqual(view.compare(ben!, [tagOf(lab), tagOf(other)]), { shared: [], refused: [tagOf(lab), tagOf(other)] });
  t.deepEqual(view.compare(anna!, []), { shared: [], refused: [] });
  t.deepEqual([...view.members().values()], [{ nodeId: anna!, label: 'node 2', channels: [lab.address], isRelay: false }]);
  t.deepEqual(view.bootstrapAddresses(), ['lab1.example.org:1']);
});

test('a channel that was never read authorises nobody', (t) => {
  const view = new MembershipView(self, [channel('lab1', undefined)]);
  t.deepEqual(view.compare(anna!, view.tags()), { shared: [], refused: view.tags() });
  t.is(view.members().size, 0);
});

test('this node serves everybody who has joined, if it takes the role public and the channel grants it', (t) => {
  const roles = { relay: false, public: true };
  const sharedWith = (known: KnownChannel) => new MembershipView(self, [known]).compare(stranger!, [tagOf(known)]).shared.length;
  t.is(sharedWith(channel('lab1', [node(self, { isPublic: true })], { roles })), 1);
  t.is(sharedWith(channel('lab1', [node(self, { isPublic: true })])), 0, 'not taken');
  t.is(sharedWith(channel('lab1', [node(self)], { roles })), 0, 'not granted');
  t.is(sharedWith(channel('lab1', [node(anna)], { roles })), 0, 'not listed');
  t.is(new MembershipView(self, [channel('lab1', [node(self, { isPublic: true })], { roles })]).compare(stranger!, []).shared.length, 0, 'has not joined');
});

test('a public node of a channel that does not list this one can be talked to', (t) => {
  const lab = channel('lab1', [node(anna, { isPublic: true, isRelay: true }), node(ben)]);
  const view = new MembershipView(self, [lab]);
  t.deepEqual(view.compare(anna!, [tagOf(lab)]).shared, [tagOf(lab)]);
  t.deepEqual(view.compare(ben!, [tagOf(lab)]).refused, [tagOf(lab)]);
  t.deepEqual([...view.members().keys()], [anna!]);
  t.deepEqual(view.bootstrapAddresses(), ['lab1.example.org:1']);
});

test('a node of several channels is one member', (t) => {
  const [one, two] = [channel('lab1', [node(self), node(anna, { label: '' })]), channel('lab2', [node(self), node(anna, { label: 'Anna', isRelay: true })])];
  t.deepEqual(
    [...new MembershipView(self, [one, two]).members().values()],
    [{ nodeId: anna!, label: 'Anna', channels: [one.address, two.address], isRelay: true }],
  );
});

test('a channel is found by its address, and by its label if no other one has it', (t) => {
  const [one, two, three] = [channel('lab1', []), channel('lab2', [], { label: 'same' }), channel('lab3', [], { label: 'same' })];
  const view = new MembershipView(self, [one, two, three]);
  t.is(view.addressOf('lab1'), one.address);
  t.is(view.addressOf(two.address), two.address);
  for (const [name, message] of [
    ['same', /Several joined channels/],
    ['absent', /has not joined it/],
  ] as const) {
    t.true(
      isKacheryError(
        t.throws(() => view.addressOf(name), { message }),
        'channel-not-joined',
      ),
    );
  }
});

test('the fingerprint tells what matters, and only that', (t) => {
  const print = (...channels: KnownChannel[]) => new MembershipView(self, channels).fingerprint;
  const before = print(channel('lab1', [node(self), node(anna)]));
  t.is(print(channel('lab1', [node(self, { isAdmin: true }), node(anna)])), before);
  t.is(print(channel('lab1', [node(anna), node(self)])), before, 'the order of the entries');
  const different = [
    print(),
    print(channel('lab1', [node(self)])),
    print(channel('lab1', [node(self), node(ben)])),
    print(channel('lab1', [node(self), node(anna, { isPublic: true })])),
    print(channel('lab1', [node(self), node(anna, { isRelay: true })])),
    print(channel('lab1', [node(self), node(anna)], { label: 'lab2' })),
    print(channel('lab1', [node(self), node(anna)], { bootstrapAddresses: [] })),
    print(channel('lab1', [node(self), node(anna)], { roles: { relay: true, public: false } })),
    print(channel('lab1', undefined)),
  ];
  t.is(new Set([before, ...different]).size, different.length + 1);
});
