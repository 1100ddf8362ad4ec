import { type GreetRequest, type GreetResponse, type NodeFacts as NodeFactsMessage } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { parseNetworkAddress } from '../addresses/network-address.js';
import { type Greeting, type GreetingAnswer, type NodeFacts } from '../greeting.js';
import { type ChannelTag } from '../membership.js';

const tagBytes = 32;

/** Characters that have no place in a name: they could change a terminal, or hide. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A greeting as it is sent. */
export function greetRequest({ tags, node }: Greeting): GreetRequest {
  return { channelTags: tags.map(tagMessage), node: nodeMessage(node) };
}

/** A greeting that was received. Fails with `invalid-argument` for too many tags, or for one that is none; names are cut and cleaned, addresses that are none left out. */
export function greetingOf({ channelTags, node }: GreetRequest): Greeting {
  if (channelTags.length > limits.maxJoinedChannels || channelTags.some(({ byteLength }) => byteLength !== tagBytes)) {
    const limit = String(limits.maxJoinedChannels);
    throw new KacheryError('invalid-argument', `A greeting tells at most ${limit} tags of channels, of ${String(tagBytes)} bytes each.`, {
      field: 'channel_tags',
    });
  }
  return { tags: channelTags.map(tagOf), node: nodeFacts(node) };
}

/** The answer to a greeting as it is sent. */
export function greetResponse({ shared, refused, node, observedAddress, reach }: GreetingAnswer): GreetResponse {
  return {
    ...{ sharedChannelTags: shared.map(tagMessage), refusedChannelTags: refused.map(tagMessage), node: node && nodeMessage(node), observedAddress },
    reachedAddresses: reach.reached.slice(0, limits.maxNodeAddresses),
    unreachedAddresses: reach.unreached.slice(0, limits.maxNodeAddresses),
  };
}

/** The answer that was received to a greeting with these tags; others that it has are left out. */
export function greetingAnswerOf(response: GreetResponse, told: readonly ChannelTag[]): GreetingAnswer {
  const { sharedChannelTags, refusedChannelTags, node, observedAddress, reachedAddresses, unreachedAddresses } = response;
  const shared = new Set(sharedChannelTags.map(tagOf));
  const refused = new Set(refusedChannelTags.map(tagOf));
  return {
    shared: told.filter((tag) => shared.has(tag)),
    refused: told.filter((tag) => refused.has(tag)),
    node: node && nodeFacts(node),
    observedAddress: parseNetworkAddress(observedAddress) ? observedAddress : '',
    reach: { reached: addressesOf(reachedAddresses), unreached: addressesOf(unreachedAddresses) },
  };
}

function nodeMessage({ label, version, addresses, isRelay, clockMs }: NodeFacts): NodeFactsMessage {
  const clock = clockMs === undefined ? undefined : { seconds: BigInt(Math.floor(clockMs / 1000)), nanos: Math.floor(clockMs % 1000) * 1_000_000 };
  return { label, version, addresses: addresses.slice(0, limits.maxNodeAddresses), isRelay, clock };
}

function nodeFacts(node: NodeFactsMessage | undefined): NodeFacts {
  const { label = '', version = '', addresses = [], isRelay = false, clock } = node ?? {};
  return {
    label: readable(label),
    version: readable(version),
    addresses: addressesOf(addresses),
    isRelay,
    clockMs: clock && Number(clock.seconds) * 1000 + clock.nanos / 1_000_000,
  };
}

function addressesOf(told: readonly string[]): readonly string[] {
  return told.slice(0, limits.maxNodeAddresses).filter((address) => parseNetworkAddress(address));
}

function readable(text: string): string {
  const characters = Array.from(text.slice(0, 4 * limits.maxNodeTextCharacters).replace(unprintable, ''));
  return characters.slice(0, limits.maxNodeTextCharacters).join('');
}

function tagMessage(tag: ChannelTag): Buffer {
  return Buffer.from(tag, 'hex');
}

function tagOf(bytes: Buffer): ChannelTag {
  return bytes.toString('hex') as ChannelTag;
}
