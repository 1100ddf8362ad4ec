import { type GetNodeResponse, type Transfer as TransferMessage, TransferKind, TransferState } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { dateOf } from './date-of.js';
import { type NodeInfo, type Transfer } from './kachery-client.js';
import { required } from './required.js';

const transferKinds: Readonly<Record<TransferKind, Transfer['kind']>> = {
  [TransferKind.TRANSFER_KIND_UNSPECIFIED]: 'read',
  [TransferKind.TRANSFER_KIND_STORE]: 'store',
  [TransferKind.TRANSFER_KIND_READ]: 'read',
  [TransferKind.TRANSFER_KIND_FETCH]: 'fetch',
  [TransferKind.TRANSFER_KIND_SERVE]: 'serve',
};

const transferStates: Readonly<Record<TransferState, Transfer['state']>> = {
  [TransferState.TRANSFER_STATE_UNSPECIFIED]: 'active',
  [TransferState.TRANSFER_STATE_ACTIVE]: 'active',
  [TransferState.TRANSFER_STATE_DONE]: 'done',
  [TransferState.TRANSFER_STATE_FAILED]: 'failed',
};

/** Told where the daemon tells no time. */
const unknownTime = { seconds: 0n, nanos: 0 };

/** A node as it tells of itself. */
export function nodeInfoOf({ nodeId, label, version, apiVersions, features, storageDir, startedAt }: GetNodeResponse): NodeInfo {
  return { nodeId, label, version, apiVersions, features, storageDir, startedAt: dateOf(startedAt ?? unknownTime) };
}

/** A transfer as the daemon tells of it. */
export function transferOf(message: TransferMessage | undefined): Transfer {
  const { id, kind, state, uri, transferredBytes, sizeBytes, startedAt } = required(message, 'transfer');
  return {
    id: Number(id),
    kind: transferKinds[kind],
    state: transferStates[state],
    uri,
    transferredBytes: Number(transferredBytes),
    sizeBytes: Number(sizeBytes),
    startedAt: dateOf(startedAt ?? unknownTime),
  };
}
