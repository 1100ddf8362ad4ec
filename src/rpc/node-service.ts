import { type NodeServiceServer, TransferKind, TransferState, type WatchTransfersResponse } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type FileStore } from '../storage/file-store.js';
import { serverStreamHandler } from './streams/server-stream-handler.js';
import { unaryHandler } from './streams/unary-handler.js';
import { timestamp } from './timestamp.js';
import { type Transfer, type TransferRegistry } from './transfer-registry.js';

/** Who this node is. Nothing of it is secret. */
export interface NodeDescription {
  readonly nodeId: string;
  readonly label: string;
  readonly version: string;
  readonly startedAtMs: number;
}

/** What NodeService works with. */
export interface NodeServiceParts {
  readonly store: FileStore;
  readonly transfers: TransferRegistry;
  readonly node: NodeDescription;
  /** The node's signature of a challenge. */
  readonly prove: (challenge: Uint8Array) => Buffer;
  /** Begins to stop the daemon; returns at once. */
  readonly requestStop: () => void;
}

const apiVersions = ['kachery_p2p.v1'];
const features = ['files', 'byte-ranges', 'resumable-uploads', 'batches', 'links', 'verify', 'watch-transfers', 'feeds', 'mutables', 'channels', 'mirrors'];

const transferKinds: Readonly<Record<Transfer['kind'], TransferKind>> = {
  store: TransferKind.TRANSFER_KIND_STORE,
  read: TransferKind.TRANSFER_KIND_READ,
  fetch: TransferKind.TRANSFER_KIND_FETCH,
  serve: TransferKind.TRANSFER_KIND_SERVE,
};

const transferStates: Readonly<Record<Transfer['state'], TransferState>> = {
  active: TransferState.TRANSFER_STATE_ACTIVE,
  done: TransferState.TRANSFER_STATE_DONE,
  failed: TransferState.TRANSFER_STATE_FAILED,
};

/** NodeService: who the node is, how it fares, what it does. `idleMs`: how long a watcher may take nothing while there is news. */
export function nodeService({ store, transfers, node, prove, requestStop }: NodeServiceParts, options: { readonly idleMs: number }): NodeServiceServer {
  const { nodeId, label, version, startedAtMs } = node;
  const response = { nodeId, label, version, apiVersions, features, limits: nodeLimits(), storageDir: store.dir, startedAt: timestamp(startedAtMs) };
  return {
    getNode: unaryHandler(async ({ challenge }) => (challenge === undefined ? response : { ...response, proof: prove(checkChallenge(challenge)) })),
    getStorageUsage: unaryHandler(async () => {
      const { availableBytes, capacityBytes, ...kept } = await store.usage();
      return {
        availableBytes: BigInt(availableBytes),
        capacityBytes: BigInt(capacityBytes),
        uploadBytes: BigInt(kept.uploadBytes + kept.partialBytes),
        uploads: kept.uploads + kept.partialFiles,
      };
    }),
    watchTransfers: serverStreamHandler(
      async function* (_request, { signal }): AsyncGenerator<WatchTransfersResponse, void, undefined> {
        for await (const transfer of transfers.watch(signal)) yield { transfer: transferMessage(transfer) };
      },
      { ...options, isSubscription: true },
    ),
    stopDaemon: unaryHandler(() => {
      requestStop();
      return Promise.resolve({ processId: process.pid });
    }),
  };
}

function checkChallenge(challenge: Uint8Array): Uint8Array {
  const { minChallengeBytes, maxChallengeBytes } = limits;
  if (challenge.byteLength >= minChallengeBytes && challenge.byteLength <= maxChallengeBytes) return challenge;
  throw new KacheryError(
    'invalid-argument',
    `A challenge has ${String(minChallengeBytes)} to ${String(maxChallengeBytes)} bytes; this one has ${String(challenge.byteLength)}. Send random bytes.`,
    { field: 'challenge' },
  );
}

function nodeLimits() {
  return {
    maxMessageBytes: BigInt(limits.maxMessageBytes),
    maxBatchFiles: limits.maxBatchFiles,
    maxBatchBytes: BigInt(limits.maxBatchBytes),
    maxSmallFileBytes: BigInt(limits.maxSmallFileBytes),
    maxFeedMessageBytes: BigInt(limits.maxFeedMessageBytes),
    maxAppendMessages: limits.maxAppendMessages,
    maxAppendBytes: BigInt(limits.maxAppendBytes),
  };
}

function transferMessage({ id, kind, state, uri, transferredBytes, sizeBytes, startedAtMs }: Transfer) {
  return {
    id: BigInt(id),
    kind: transferKinds[kind],
    state: transferStates[state],
    uri,
    transferredBytes: BigInt(transferredBytes),
    sizeBytes: BigInt(sizeBytes),
    startedAt: timestamp(startedAtMs),
  };
}
