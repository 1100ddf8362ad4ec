import { type UntypedServiceImplementation } from '@grpc/grpc-js';

import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type Caller, type ServedToCaller } from '../../network/caller.js';
import { type FairShare } from '../../network/serving/fair-share.js';
import { type FileStore } from '../../storage/file-store.js';
import { ReadBuffers } from '../../storage/read-buffers.js';
import { readOffsetBytes } from '../../storage/read-offset.js';
import { peerServiceDefinition } from '../codec/peer-service-definition.js';
import { tunnelDefinition } from '../codec/tunnel-definition.js';
import { admitCalls } from '../interceptors/admit-calls.js';
import { logRequests } from '../interceptors/log-requests.js';
import { OpenCalls } from '../interceptors/open-calls.js';
import { prepareTunnels } from '../interceptors/prepare-tunnels.js';
import { serverStreamHandler } from '../streams/server-stream-handler.js';
import { unaryHandler } from '../streams/unary-handler.js';
import { type TransferRegistry } from '../transfer-registry.js';
import { findFilesForPeer } from './find-files.js';
import { greet, listMembers } from './greet.js';
import { peerFeedDefinition } from './peer-feed-definition.js';
import { responseBuffers } from '../feeds/encoded-messages.js';
import { peerFeedHandlers, type ServedFeeds } from './peer-feed-handlers.js';
import { readFileForPeer } from './read-file.js';
import { readFilesForPeer } from './read-files.js';
import { type ProviderIndex } from '../../network/providers/provider-index.js';
import { providerHandlers } from './provider-handlers.js';
import { tunnelHandlers, type TunnelServing } from './tunnel-handlers.js';

/** What other nodes are served with. */
export interface PeerServingParts {
  readonly store: FileStore;
  /** Of this node itself, and its copies of others'. */
  readonly feeds: ServedFeeds;
  readonly transfers: TransferRegistry;
  readonly share: FairShare;
  /** Undefined for a node that neither makes tunnels nor takes any. */
  readonly tunnels?: TunnelServing;
  /** The index of large channels; undefined for a node that keeps none. */
  readonly index?: () => Pick<ProviderIndex, 'note' | 'find'>;
  readonly log: StructuredLog;
}

/** Buffers that are kept while no other node reads; each has about limits.dataMessageBytes. */
const maxFreeBuffers = 16;

/** PeerService, made for each connection: every call knows who calls. */
export class PeerServing {
  private readonly buffers = new ReadBuffers(readOffsetBytes + limits.dataMessageBytes, maxFreeBuffers);
  private readonly responses = responseBuffers();

  /** @param options.idleMs How long a node may take nothing of what there is for it. */
  constructor(
    private readonly parts: PeerServingParts,
    private readonly options: { readonly idleMs: number },
  ) {}

  /** What one connection serves. Its calls end with the reason of the caller's signal when that is aborted. */
  serve(caller: Caller): ServedToCaller {
    const calls = new OpenCalls(this.buffers, { subscriptions: new Set([PeerServiceService.watchMessages.path]), ...this.options });
    caller.signal.addEventListener('abort', () => {
      calls.endAll(caller.signal.reason as KacheryError);
    });
    const admission = admitCalls([
      (method) => {
        caller.signal.throwIfAborted();
        if (method !== PeerServiceService.greet.path) caller.authorize();
      },
    ]);
    const log = logRequests(withNode(this.parts.log, caller.nodeId));
    return {
      definition: { ...peerServiceDefinition, ...peerFeedDefinition, ...tunnelDefinition },
      implementation: this.handlers(caller),
      options: { interceptors: [prepareTunnels, calls.interceptor, log, admission] },
    };
  }

  private handlers(caller: Caller): UntypedServiceImplementation {
    const { parts, options, buffers, responses } = this;
    const serving = { ...parts, buffers };
    const onSent = ({ data }: { readonly data: Uint8Array }): void => {
      buffers.release(data);
    };
    return {
      greet: unaryHandler(greet(caller)),
      listMembers: unaryHandler(listMembers(caller)),
      findFiles: unaryHandler(findFilesForPeer(parts.store)),
      readFile: serverStreamHandler(readFileForPeer(serving, caller.nodeId), { ...options, onSent }),
      readFiles: serverStreamHandler(readFilesForPeer(serving, caller.nodeId), options),
      ...peerFeedHandlers({ ...parts, responses }, caller, options),
      ...(parts.index && providerHandlers(parts.index(), caller)),
      ...(parts.tunnels && tunnelHandlers(parts.tunnels, caller)),
    };
  }
}

/** A log whose events name the node that called. */
function withNode(log: StructuredLog, peer: string): StructuredLog {
  return {
    debug: (fields, message) => {
      log.debug({ peer, ...fields }, message);
    },
    info: (fields, message) => {
      log.info({ peer, ...fields }, message);
    },
    warn: (fields, message) => {
      log.warn({ peer, ...fields }, message);
    },
    error: (fields, message) => {
      log.error({ peer, ...fields }, message);
    },
  };
}
