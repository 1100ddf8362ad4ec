import { type Timestamp } from '../../gen/ts/google/protobuf/timestamp.js';
import { type GetNodeResponse, type Transfer as TransferMessage, TransferKind, TransferState } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { required } from './file-info.js';
import { type NodeInfo, type Transfer } from './kachery-client.js';

const transferStates: Readonly<Record<TransferState, Transfer['state']>> = {
  [TransferState.TRANSFER_STATE_UNSPECIFIED]: 'active',
  [TransferState.TRANSFER_STATE_ACTIVE]: 'active',
  [TransferState.TRANSFER_STATE_DONE]: 'done',
  [TransferState.TRANSFER_STATE_FAILED]: 'failed',
};

/** A node as it tells of itself. */
export function nodeInfoOf({ nodeId, label, version, apiVersions, features, storageDir, startedAt }: GetNodeResponse): NodeInfo {
  return { nodeId, label, version, apiVersions, features, storageDir, startedAt: dateOf(startedAt) };
}

/** A transfer as the daemon tells of it. */
export function transferOf(message: TransferMessage | undefined): Transfer {
  const { id, kind, state, uri, transferredBytes, sizeBytes, startedAt } = required(message, 'transfer');
  return {
    id: Number(id),
    kind: kind === TransferKind.TRANSFER_KIND_STORE ? 'store' : 'read',
    state: transferStates[state],
    uri,
    transferredBytes: Number(transferredBytes),
    sizeBytes: Number(sizeBytes),
    startedAt: dateOf(startedAt),
  };
}

function dateOf(timestamp: Timestamp | undefined): Date {
  const { seconds, nanos } = timestamp ?? { seconds: 0n, nanos: 0 };
  return new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000));
}
