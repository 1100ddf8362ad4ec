import { type MemberAddress as MemberMessage } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type MemberAddress } from '../../network/caller.js';

/** Where a member may be reached, as other nodes are told. */
export function memberMessage({ nodeId, addresses, isConnected }: MemberAddress): MemberMessage {
  return { nodeId, addresses: [...addresses], isConnected };
}
