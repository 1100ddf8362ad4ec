import { type MethodDefinition } from '@grpc/grpc-js';

import { ChannelServiceService } from '../../../gen/ts/kachery_p2p/v1/channel_service.js';
import { FeedServiceService } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { FileServiceService } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { MirrorServiceService } from '../../../gen/ts/kachery_p2p/v1/mirror_service.js';
import { MutableServiceService } from '../../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { NodeServiceService } from '../../../gen/ts/kachery_p2p/v1/node_service.js';

/** Who may call a method: everybody, who has the client token or the owner token, or who has the owner token. */
export type Access = 'anyone' | 'client' | 'owner';

const fileAccess: Readonly<Record<keyof FileServiceService, Access>> = {
  statFile: 'client',
  findMissingFiles: 'client',
  storeFile: 'client',
  getUpload: 'client',
  abortUpload: 'client',
  storeLocalFile: 'owner',
  linkFile: 'owner',
  loadFile: 'client',
  readFile: 'client',
  storeFiles: 'client',
  readFiles: 'client',
  findFile: 'client',
  listFiles: 'client',
  deleteFile: 'owner',
  verifyFiles: 'owner',
};

const feedAccess: Readonly<Record<keyof FeedServiceService, Access>> = {
  createFeed: 'client',
  getFeed: 'client',
  listFeeds: 'client',
  deleteFeed: 'owner',
  getSubfeed: 'client',
  listSubfeeds: 'client',
  appendMessages: 'client',
  submitMessages: 'client',
  readMessages: 'client',
  watchMessages: 'client',
  getAccessRules: 'client',
  setAccessRules: 'owner',
};

const mutableAccess: Readonly<Record<keyof MutableServiceService, Access>> = {
  getMutable: 'client',
  setMutable: 'client',
  deleteMutable: 'client',
  listMutables: 'client',
  watchMutables: 'client',
};

const channelAccess: Readonly<Record<keyof ChannelServiceService, Access>> = {
  joinChannel: 'owner',
  leaveChannel: 'owner',
  listChannels: 'client',
  listPeers: 'client',
};

const mirrorAccess: Readonly<Record<keyof MirrorServiceService, Access>> = {
  addMirror: 'owner',
  removeMirror: 'owner',
  listMirrors: 'client',
};

const nodeAccess: Readonly<Record<keyof NodeServiceService, Access>> = {
  getNode: 'anyone',
  getStorageUsage: 'client',
  watchTransfers: 'owner',
  stopDaemon: 'owner',
};

const openServices = ['/grpc.health.v1.Health/', '/grpc.reflection.v1.ServerReflection/', '/grpc.reflection.v1alpha.ServerReflection/'];

const accessByPath = new Map<string, Access>([
  ...accessOfService(FileServiceService, fileAccess),
  ...accessOfService(FeedServiceService, feedAccess),
  ...accessOfService(MutableServiceService, mutableAccess),
  ...accessOfService(ChannelServiceService, channelAccess),
  ...accessOfService(MirrorServiceService, mirrorAccess),
  ...accessOfService(NodeServiceService, nodeAccess),
]);

/** Who may call the method of this path. A method that is not known is the owner's. */
export function accessOf(path: string): Access {
  return openServices.some((service) => path.startsWith(service)) ? 'anyone' : (accessByPath.get(path) ?? 'owner');
}

function accessOfService<Name extends string>(
  service: Readonly<Record<Name, Pick<MethodDefinition<never, never>, 'path'>>>,
  access: Readonly<Record<Name, Access>>,
): [string, Access][] {
  return (Object.keys(access) as Name[]).map((name) => [service[name].path, access[name]]);
}
