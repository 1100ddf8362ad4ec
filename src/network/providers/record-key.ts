import { createHash } from 'node:crypto';

import { type ContentId } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { type OwnerRecordId } from './owner-record-id.js';

/** What a content is called in the records of a channel, 32 lower-case hexadecimal digits: see AnnounceContentsRequest in peer_service.proto. */
export type RecordKey = string & { readonly __brand: 'RecordKey' };

/** A file, a feed, or the owner of a feed that is announced and looked for. */
export type RecordedId = ContentId | FeedId | OwnerRecordId;

const purpose = 'kachery-p2p/provider-record/1';
const keyBytes = 16;

/**
 * The key of a content in the channel of this address. Who does not have the address cannot tell what it stands for; who has it and not the hash cannot find the
 * hash. Hashes of files, ids of feeds and what their owners announce have different lengths, so none is taken for the other.
 */
export function recordKey(channelAddress: string, id: RecordedId): RecordKey {
  const digest = createHash('sha256').update(`${purpose}\0${channelAddress}\0${id}`, 'utf8').digest();
  return digest.toString('hex', 0, keyBytes) as RecordKey;
}

/** A key that was received. Fails with `invalid-argument` for one of another length. */
export function recordKeyOf(bytes: Uint8Array): RecordKey {
  if (bytes.byteLength === keyBytes) return Buffer.from(bytes.buffer, bytes.byteOffset, keyBytes).toString('hex') as RecordKey;
  throw new KacheryError('invalid-argument', `A record key has ${String(keyBytes)} bytes, not ${String(bytes.byteLength)}.`, { field: 'record_keys' });
}
