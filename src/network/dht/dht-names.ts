import { createHash, hkdfSync } from 'node:crypto';

import { KacheryError } from '../../core/failure.js';
import { type NodeIdentity } from '../node-identity.js';

const topicPurpose = 'kachery-p2p/dht-topic/1';
const keyPurpose = 'kachery-p2p/dht-key/1';
const seedBytes = 32;

/**
 * Under what the members of a channel find each other in the DHT: the SHA-256 of the purpose, a zero byte and the channel's address. Only who has the address
 * knows it, and it is not the tag that nodes tell each other.
 */
export function dhtTopic(channelAddress: string): Buffer {
  return createHash('sha256').update(`${topicPurpose}\0${channelAddress}`, 'utf8').digest();
}

/**
 * The seed of the key that a node announces under a topic: HKDF with SHA-256 (RFC 5869) of the seed of its own key, with the topic as salt. Who watches the DHT
 * sees another key under each topic, and none of them is the node's id.
 */
export function dhtKeySeed({ privateKey }: Pick<NodeIdentity, 'privateKey'>, topic: Buffer): Buffer {
  const { d } = privateKey.export({ format: 'jwk' });
  if (d === undefined) throw new KacheryError('internal', 'The key of the node has no private part.');
  return Buffer.from(hkdfSync('sha256', Buffer.from(d, 'base64url'), topic, keyPurpose, seedBytes));
}
