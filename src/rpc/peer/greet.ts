import { type GreetRequest, type GreetResponse, type ListMembersResponse } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type Caller } from '../../network/caller.js';
import { greetingOf, greetResponse } from '../../network/link/greeting-messages.js';
import { memberMessage } from './member-message.js';

/** Greet: who the caller is, and who this node is to it. */
export function greet(caller: Caller) {
  return async (request: GreetRequest): Promise<GreetResponse> => greetResponse(caller.greet(greetingOf(request)));
}

/** ListMembers: where the members of shared channels may be reached. */
export function listMembers(caller: Caller) {
  return async (): Promise<ListMembersResponse> => ({ members: caller.members().map(memberMessage) });
}
