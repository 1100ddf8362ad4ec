import test from 'ava';

import { findFile } from '../../../../src/transfer/find-file.js';
import { DistrustedPeers } from '../../../../src/transfer/distrusted-peers.js';
import { systemClock } from '../../../../src/core/clock.js';
import { recordKey } from '../../../../src/network/providers/record-key.js';
import { type ContentId } from '../../../../src/core/content-id.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const address = 'https://example.org/large.yaml';
const lookAgainMs = 10;

test('nodes of a channel that is large for them find a file by its index, and only the one that has it is asked', async (t) => {
  const identities = Array.from({ length: 8 }, newIdentity);
  const nodeIds = identities.map(({ id }) => id);
  const first = await LinkedNode.start(t, { identity: identities[0]!, channels: [{ address, nodeIds }], largeChannels: { smallChannelNodes: 4 } });
  const channels = [{ address, nodeIds, bootstrapAddresses: [first.address] }];
  const others = await Promise.all(identities.slice(1).map((identity) => LinkedNode.start(t, { identity, channels, largeChannels: { smallChannelNodes: 4 } })));
  const nodes = [first, ...others];
  const [holder, reader] = [nodes[3]!, nodes[6]!];
  await until('all know each other', () => nodes.every(({ links }) => links.connected().length === 7), lookAgainMs);
  const id = holder.store(Buffer.from('somewhere among many'));
  const asker = { nodeId: reader.id, sharedTags: () => [channelTag(address)] };
  const keepers = (): number => nodes.filter(({ index }) => index.find(asker, channelTag(address), [recordKey(address, id)])[0]!.length > 0).length;
  await until('it is announced', () => keepers() >= 3, lookAgainMs);
  const found = await all(reader, id);
  t.deepEqual(found, [holder.id]);
  t.is(nodes.filter(({ served }) => served.includes('findFiles')).length, 1);
  t.true(nodes.flatMap(({ served }) => served).filter((call) => call === 'findProviders').length <= 6);
});

async function all({ peers }: LinkedNode, id: ContentId) {
  const found = [];
  for await (const { nodeId } of findFile(id, {}, { peers, distrusted: new DistrustedPeers(systemClock), answerMs: 5_000 })) found.push(nodeId);
  return found;
}
