import { type GreetRequest, type GreetResponse, type ListMembersResponse, type NodeFacts } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type Caller } from '../../network/caller.js';
import { type NodeFacts as FactsOfNode } from '../../network/greeting.js';
import { type ChannelTag } from '../../network/membership.js';
import { checkBatch } from '../files/check-batch.js';
import { timestamp } from '../timestamp.js';

const tagBytes = 32;
const maxTextLength = 100;

/** Greet: who the caller is, and who this node is to it. */
export function greet(caller: Caller) {
  return async ({ channelTags, node }: GreetRequest): Promise<GreetResponse> => {
    checkBatch(channelTags.length, limits.maxJoinedChannels, 'channel tags');
    const answer = caller.greet({ tags: channelTags.map(parseTag), node: parseFacts(node) });
    return {
      sharedChannelTags: answer.shared.map(encodeTag),
      refusedChannelTags: answer.refused.map(encodeTag),
      node: answer.node && encodeFacts(answer.node),
      observedAddress: answer.observedAddress,
    };
  };
}

/** ListMembers: where the members of shared channels may be reached. */
export function listMembers(caller: Caller) {
  return async (): Promise<ListMembersResponse> => ({
    members: caller.members().map(({ nodeId, addresses, isConnected }) => ({ nodeId, addresses: [...addresses], isConnected })),
  });
}

function parseTag(tag: Uint8Array): ChannelTag {
  if (tag.byteLength === tagBytes) return Buffer.from(tag).toString('hex') as ChannelTag;
  throw new KacheryError('invalid-argument', `A channel tag has ${String(tag.byteLength)} bytes; ${String(tagBytes)} are needed.`, { field: 'channel_tags' });
}

function encodeTag(tag: ChannelTag): Buffer {
  return Buffer.from(tag, 'hex');
}

/** What is too long is cut: a node that says too much of itself is none the worse otherwise. */
function parseFacts(node: NodeFacts | undefined): FactsOfNode {
  const { label = '', version = '', addresses = [], isRelay = false, clock } = node ?? {};
  const clockMs = clock && Number(clock.seconds) * 1_000 + Math.floor(clock.nanos / 1_000_000);
  const told = addresses.filter((address) => address.length <= limits.maxUriLength).slice(0, limits.maxNodeAddresses);
  return { label: label.slice(0, maxTextLength), version: version.slice(0, maxTextLength), addresses: told, isRelay, clockMs };
}

function encodeFacts({ label, version, addresses, isRelay, clockMs }: FactsOfNode): NodeFacts {
  return { label, version, addresses: [...addresses], isRelay, clock: clockMs === undefined ? undefined : timestamp(clockMs) };
}
