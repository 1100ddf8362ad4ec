import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';

import { HealthService as HealthDefinition } from '../../gen/ts/grpc/health/v1/health.js';
import { ServerReflectionService } from '../../gen/ts/grpc/reflection/v1/reflection.js';
import { ServerReflectionService as ServerReflectionAlphaService } from '../../gen/ts/grpc/reflection/v1alpha/reflection.js';
import { ChannelServiceService } from '../../gen/ts/kachery_p2p/v1/channel_service.js';
import { FeedServiceService } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { MirrorServiceService } from '../../gen/ts/kachery_p2p/v1/mirror_service.js';
import { MutableServiceService } from '../../gen/ts/kachery_p2p/v1/mutable_service.js';
import { NodeServiceService } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { limits } from '../core/limits.js';
import { type MutableStore } from '../mutables/mutable-store.js';
import { ReadBuffers } from '../storage/read-buffers.js';
import { readOffsetBytes } from '../storage/read-offset.js';
import { channelService, type ChannelServiceParts } from './channel-service.js';
import { fileServiceDefinition } from './codec/file-service-definition.js';
import { feedService, type FeedServiceParts } from './feed-service.js';
import { feedServiceDefinition } from './feeds/feed-service-definition.js';
import { fileService, type FileServiceParts } from './file-service.js';
import { widenServerWindows } from './flow-control-windows.js';
import { HealthService } from './health-service.js';
import { admitCalls } from './interceptors/admit-calls.js';
import { type AccessTokens, checkToken } from './interceptors/check-token.js';
import { logRequests } from './interceptors/log-requests.js';
import { OpenCalls } from './interceptors/open-calls.js';
import { mirrorService } from './mirror-service.js';
import { mutableService } from './mutable-service.js';
import { nodeService, type NodeServiceParts } from './node-service.js';
import { reflectionService } from './reflection/reflection-service.js';
import { type StructuredLog } from '../core/structured-log.js';
import { type Mirrors } from '../transfer/mirrors/mirrors.js';

/** What the server works with. */
export interface RpcServerParts extends Omit<FileServiceParts & FeedServiceParts, 'nodeId' | 'buffers'>, NodeServiceParts, ChannelServiceParts {
  readonly mutables: MutableStore;
  readonly mirrors: Pick<Mirrors, 'add' | 'remove' | 'list'>;
  readonly tokens: AccessTokens;
  readonly log: StructuredLog;
}

/** How long clients and calls may take; for tests. */
export interface RpcServerOptions {
  readonly streamIdleMs: number;
  readonly shutdownGraceMs: number;
}

const ownServices = ['FileService', 'FeedService', 'MutableService', 'ChannelService', 'MirrorService', 'NodeService'].map((name) => `kachery_p2p.v1.${name}`);
const serviceNames = [...ownServices, 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
const subscriptions = [
  NodeServiceService.watchTransfers,
  FeedServiceService.watchMessages,
  MutableServiceService.watchMutables,
  HealthDefinition.watch,
  ServerReflectionService.serverReflectionInfo,
  ServerReflectionAlphaService.serverReflectionInfo,
];

/** Buffers that are kept while nobody reads or sends; each has about limits.dataMessageBytes. */
const maxFreeBuffers = 16;

/** From dist/src/rpc, or from dist/programs/cli, to the root of the package. */
const descriptorPath = new URL('../../../gen/descriptors.binpb', import.meta.url);

const serverOptions: ServerOptions = {
  'grpc.max_receive_message_length': limits.maxMessageBytes,
  'grpc.max_send_message_length': limits.maxMessageBytes,
  'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
  'grpc.keepalive_time_ms': 120_000,
  'grpc.keepalive_timeout_ms': 60_000,
};

/** The gRPC side of the daemon: all services on one server, with authorisation, logging, limits and an orderly end. */
export class RpcServer {
  private readonly server: Server;
  private readonly openCalls: OpenCalls;
  private readonly health = new HealthService(new Set(['', ...ownServices]));
  private readonly widenWindows: () => void;

  constructor(
    parts: RpcServerParts,
    private readonly options: RpcServerOptions,
  ) {
    const idle = { idleMs: options.streamIdleMs };
    const buffers = new ReadBuffers(readOffsetBytes + limits.dataMessageBytes, maxFreeBuffers);
    this.openCalls = new OpenCalls(buffers, { subscriptions: new Set(subscriptions.map(({ path }) => path)), ...idle });
    const admission = admitCalls([
      () => {
        this.openCalls.checkAccepting();
      },
      checkToken(parts.tokens),
    ]);
    this.server = new Server({ ...serverOptions, interceptors: [this.openCalls.interceptor, logRequests(parts.log), admission] });
    this.widenWindows = widenServerWindows(this.server, limits.flowControlWindowBytes, parts.log);
    const reflection = reflectionService(descriptorPath, serviceNames, idle);
    this.server.addService(fileServiceDefinition, fileService({ ...parts, nodeId: parts.node.nodeId, buffers }, idle));
    this.server.addService(feedServiceDefinition, feedService({ ...parts, nodeId: parts.node.nodeId }, idle));
    this.server.addService(MutableServiceService, mutableService(parts.mutables, idle));
    this.server.addService(ChannelServiceService, channelService(parts));
    this.server.addService(MirrorServiceService, mirrorService(parts.mirrors));
    this.server.addService(NodeServiceService, nodeService(parts, idle));
    this.server.addService(ServerReflectionService, reflection);
    this.server.addService(ServerReflectionAlphaService, reflection);
    this.server.addService(HealthDefinition, this.health.handlers);
  }

  /** Listens on an address, such as `127.0.0.1:0` or `[::1]:20421`, and resolves with the port. Rejects with the system's error. */
  async listen(address: string): Promise<number> {
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (error, boundPort) => {
        if (error) reject(error);
        else resolve(boundPort);
      });
    });
    this.widenWindows();
    return port;
  }

  /** Stops listening on an address that `listen` was called with, its port being the one that was found. */
  unlisten(address: string): void {
    this.server.unbind(address);
  }

  /**
   * Stops: tells that it does not serve any more, ends subscriptions, lets calls under way go on for the grace period, ends what is left. Never fails.
   */
  async stop(): Promise<void> {
    this.health.stop();
    this.openCalls.stopAccepting();
    const graceTimer = setTimeout(() => {
      this.openCalls.endAll();
    }, this.options.shutdownGraceMs);
    const forceTimer = setTimeout(() => {
      this.server.forceShutdown();
    }, this.options.shutdownGraceMs + 1_000);
    await new Promise<void>((resolve) => {
      this.server.tryShutdown(() => {
        resolve();
      });
    });
    clearTimeout(graceTimer);
    clearTimeout(forceTimer);
  }
}
