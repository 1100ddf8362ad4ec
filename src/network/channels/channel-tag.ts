import { createHash } from 'node:crypto';

import { type ChannelTag } from '../membership.js';

const purpose = 'kachery-p2p/channel-tag/1';

/** The tag of the channel of this address: only who has the address recognises it. See GreetRequest in peer_service.proto. */
export function channelTag(address: string): ChannelTag {
  return createHash('sha256').update(purpose).update('\0').update(address, 'utf8').digest('hex') as ChannelTag;
}
