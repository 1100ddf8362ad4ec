import { type PeerServiceServer } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { limits } from '../../core/limits.js';
import { type Caller } from '../../network/caller.js';
import { type ChannelTag } from '../../network/membership.js';
import { type ProviderIndex } from '../../network/providers/provider-index.js';
import { type RecordKey, recordKeyOf } from '../../network/providers/record-key.js';
import { checkBatch } from '../files/check-batch.js';
import { unaryHandler } from '../streams/unary-handler.js';
import { memberMessage } from './member-message.js';

/** AnnounceContents and FindProviders for one caller. */
export function providerHandlers(index: Pick<ProviderIndex, 'note' | 'find'>, caller: Caller): Pick<PeerServiceServer, 'announceContents' | 'findProviders'> {
  return {
    announceContents: unaryHandler(async ({ channelTag, recordKeys }) => ({ keptKeys: index.note(caller, tagOf(channelTag), keysOf(recordKeys)) })),
    findProviders: unaryHandler(async ({ channelTag, recordKeys }) => {
      const found = index.find(caller, tagOf(channelTag), keysOf(recordKeys));
      const members = caller.members(new Set(found.flat()));
      return { results: found.map((nodeIds) => ({ nodeIds: [...nodeIds] })), members: members.map(memberMessage) };
    }),
  };
}

function tagOf(bytes: Uint8Array): ChannelTag {
  return Buffer.from(bytes).toString('hex') as ChannelTag;
}

function keysOf(recordKeys: readonly Uint8Array[]): readonly RecordKey[] {
  checkBatch(recordKeys.length, limits.maxRecordKeys, 'record keys');
  return recordKeys.map(recordKeyOf);
}
