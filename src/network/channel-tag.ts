import { createHash } from 'node:crypto';

import { type ChannelTag } from './membership.js';

const purpose = 'kachery-p2p/channel-tag/1';

/** The tag by which a node tells others that it has joined the channel of this address, without telling the address to those who do not have it. */
export function channelTag(address: string): ChannelTag {
  return createHash('sha256').update(`${purpose}\0${address}`, 'utf8').digest('hex') as ChannelTag;
}
