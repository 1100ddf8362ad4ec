import test from 'ava';

import { systemClock } from '../../../../src/core/clock.js';
import { AddressBook } from '../../../../src/network/addresses/address-book.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { CallerDesk } from '../../../../src/network/link/caller-desk.js';
import { defaultLinkTiming } from '../../../../src/network/link/link-timing.js';
import { Neighbours } from '../../../../src/network/link/neighbours.js';
import { RepeatedTry } from '../../../../src/network/link/repeated-try.js';
import { LargeChannels } from '../../../../src/network/providers/large-channels.js';
import { newIdentity, silentLog } from '../../../support/linked-node.js';
import { MemoryMembership } from '../../../support/memory-membership.js';

const address = 'https://example.org/lab.yaml';

test('who comes from another machine, also over the same cable, is told no address that only this machine can use', async (t) => {
  const [own, caller, other] = [newIdentity(), newIdentity(), newIdentity()];
  const addresses = await AddressBook.open(undefined, { clock: systemClock, log: silentLog });
  const timing = defaultLinkTiming;
  const events = { onChange: () => undefined, onLost: () => undefined, onConnectionEnded: () => undefined };
  const neighbours = new Neighbours(own.id, events, () => new RepeatedTry(() => Promise.resolve('nothing'), { random: Math.random, timing }));
  const membership = new MemoryMembership(own.id, [{ address, nodeIds: [own.id, caller.id, other.id] }]);
  const desk = new CallerDesk({
    ...{ membership, neighbours, addresses, timing, large: new LargeChannels(own.id, membership), random: Math.random },
    serve: () => t.fail(),
    ownFacts: () => t.fail(),
    onGreeted: () => t.fail(),
  });
  addresses.learn(other.id, ['127.0.0.1:1', '203.0.113.7:2'], 'greeting');
  const told = (remoteAddress: string) => desk.membersOf([channelTag(address)], { nodeId: caller.id, remoteAddress }).flatMap((member) => member.addresses);
  for (const far of ['198.51.100.1:5', '[fe80::1]:5', '169.254.1.1:5', '']) t.deepEqual(told(far), ['203.0.113.7:2'], far);
  for (const near of ['127.0.0.1:5', '[::1]:5']) t.deepEqual([...told(near)].sort(), ['127.0.0.1:1', '203.0.113.7:2'], near);
});
