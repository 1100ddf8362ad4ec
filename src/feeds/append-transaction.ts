import { type KeyObject } from 'node:crypto';

import { type Clock } from '../core/clock.js';
import { KacheryError } from '../core/failure.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type Transaction, type TransactionView } from '../kv/group-commit.js';
import { decodeAccessRules } from './access-rules.js';
import { feedDatabaseKeys } from './feed-database-keys.js';
import { feedForked } from './feed-forked.js';
import { feedRecordKeys, requireOwned, requireRecord } from './feed-record.js';
import { type Appended, type AppendRequest } from './feed-store.js';
import { encodeBlock, type MessageBlock } from './message-block.js';
import { type RememberedRequests, type RequestKeys } from './remembered-requests.js';
import { sealAppend } from './seal-append.js';
import { decodeSubfeedRecord, encodeSubfeedRecord } from './subfeed-record.js';

/** What an append needs. */
export interface AppendParts {
  readonly clock: Clock;
  readonly requests: RememberedRequests;
  readonly privateKey: KeyObject;
  /** Hears of the new blocks when they are on disk. */
  readonly onGrown: (subfeed: SubfeedAddress, blocks: readonly MessageBlock[]) => void;
}

interface AppendResult extends Appended {
  /** None, if the request was answered before. */
  readonly blocks: readonly MessageBlock[];
}

/** Memory that an append takes beside its messages. */
const overheadBytes = 1_000;

/** An append to a subfeed of this node's own: the block or blocks, the subfeed's record and the remembered request, together. */
export function appendTransaction(request: AppendRequest, parts: AppendParts): Transaction<AppendResult> {
  const { feedId, subfeed, messages } = request;
  const address = { feedId, subfeedHash: subfeed.hash };
  const requestKeys = request.requestId === undefined ? undefined : parts.requests.keysOf(address, request.requestId);
  const keys = { ...feedRecordKeys(feedId), subfeed: feedDatabaseKeys.subfeed(address), fork: feedDatabaseKeys.fork(address) };
  const rules = request.submitter === undefined ? undefined : feedDatabaseKeys.rules(address);
  return {
    keys: [...Object.values(keys), ...(requestKeys ? [requestKeys.current, requestKeys.earlier] : []), ...(rules ? [rules] : [])],
    sizeBytes: messages.reduce((sum, { byteLength }) => sum + byteLength, overheadBytes),
    apply: (view) => {
      requireOwned(feedId, requireRecord(view, feedId, keys));
      if (view.get(keys.fork)) throw feedForked(address);
      if (rules) checkMayWrite(request, address, view.get(rules));
      const earlier = requestKeys && parts.requests.find(view, requestKeys, messages.length);
      return earlier ? { ...earlier, blocks: [] } : append(view, request, address, { ...parts, requestKeys });
    },
    committed: ({ blocks }) => {
      if (blocks.length > 0) parts.onGrown(address, blocks);
    },
  };
}

function append(
  view: TransactionView,
  { subfeed, messages, submitter, expectedLength }: AppendRequest,
  address: SubfeedAddress,
  { clock, requests, privateKey, requestKeys }: AppendParts & { readonly requestKeys: RequestKeys | undefined },
): AppendResult {
  const recordKey = feedDatabaseKeys.subfeed(address);
  const record = decodeSubfeedRecord(view.get(recordKey));
  const position = record.length;
  if (expectedLength !== undefined && expectedLength !== position) throw appendConflict(address, expectedLength, position);
  const timestampMs = Math.max(Math.floor(clock.now()), record.timestampMs);
  const blocks = sealAppend(address, record, { messages, timestampMs, submitter }, privateKey);
  for (const block of blocks) view.put(feedDatabaseKeys.block(address, block.position), encodeBlock(block));
  const lastHash = blocks.at(-1)?.lastHash ?? record.lastHash;
  const nameJson = subfeed.nameJson ?? record.nameJson;
  view.put(recordKey, encodeSubfeedRecord({ length: position + messages.length, lastHash, timestampMs, nameJson }));
  if (requestKeys) requests.remember(view, requestKeys, { position, timestampMs }, messages.length);
  return { position, timestampMs, blocks };
}

function checkMayWrite({ submitter }: AppendRequest, { feedId, subfeedHash }: SubfeedAddress, rules: Buffer | undefined): void {
  if (decodeAccessRules(rules).some(({ nodeId, mayWrite }) => mayWrite && nodeId === submitter)) return;
  throw new KacheryError(
    'submit-not-allowed',
    `The access rules of feed://${feedId}/~${subfeedHash} do not let the node ${submitter ?? ''} submit messages. Ask the feed's owner to name it there.`,
    { feed_id: feedId, subfeed_hash: subfeedHash, node_id: submitter ?? '' },
  );
}

function appendConflict({ feedId, subfeedHash }: SubfeedAddress, expected: number, actual: number): KacheryError {
  return new KacheryError(
    'append-conflict',
    `feed://${feedId}/~${subfeedHash} has ${String(actual)} messages, not ${String(expected)} as expected: somebody else appended. ` +
      'Read what is new, then append again.',
    { feed_id: feedId, subfeed_hash: subfeedHash, expected_length: String(expected), length: String(actual) },
  );
}
