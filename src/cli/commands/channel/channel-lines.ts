import { type Channel, type ChannelRoles } from '../../../client/channels.js';

/** Whether the channel lists this node, in few words. */
export function authorization({ isAuthorized, readAt }: Channel): string {
  if (readAt === undefined) return 'not read yet';
  return isAuthorized ? 'authorised' : 'not authorised yet';
}

/** How many nodes the channel lists beside this one. */
export function otherNodes({ authorizedNodes, isAuthorized }: Channel): number {
  return isAuthorized ? authorizedNodes - 1 : authorizedNodes;
}

/** The roles that this node takes, with a word where they do not count. */
export function rolesText({ roles, grantedRoles }: Channel): string {
  const names = (Object.keys(roles) as (keyof ChannelRoles)[]).filter((role) => roles[role]);
  return names.map((role) => (grantedRoles[role] ? role : `${role} (not granted)`)).join(', ');
}

/** Lines that say what is wrong and what is to be done; none if nothing. */
export function toDo({ problem, advice }: Channel): string[] {
  return [problem, advice].filter((text) => text !== '').flatMap((text) => text.split('\n').map((line) => `  ${line}`));
}
