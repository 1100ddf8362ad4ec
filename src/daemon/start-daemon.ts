import { isIPv6 } from 'node:net';
import { join } from 'node:path';

import { isLoopback } from '../config/api-address.js';
import { type DaemonConfig } from '../config/daemon-config.js';
import { packageVersion } from '../config/package-version.js';
import { systemClock } from '../core/clock.js';
import { limits } from '../core/limits.js';
import { LocalFeeds } from '../feeds/local-feeds.js';
import { LevelContentIndex } from '../kv/level-content-index.js';
import { openDatabase } from '../kv/open-database.js';
import { LocalMutables } from '../mutables/local-mutables.js';
import { openNodeIdentity } from '../network/node-identity.js';
import { proveNode } from '../network/prove-node.js';
import { RpcServer, type RpcServerOptions } from '../rpc/rpc-server.js';
import { type StructuredLog } from '../core/structured-log.js';
import { TransferRegistry } from '../rpc/transfer-registry.js';
import { LocalStorage } from '../storage/local-storage.js';
import { storageFailure } from '../storage/system-failure.js';
import { openAccessTokens } from './access-tokens.js';
import { ClosingStack } from './closing-stack.js';
import { prepareConfigurationDirectory } from './configuration-directory.js';
import { createLogger, type DaemonLog } from './create-logger.js';
import { removeDaemonRecord, writeDaemonRecord } from './daemon-record.js';
import { endOnUncaughtError } from './end-on-uncaught-error.js';
import { listen } from './listen.js';
import { listeningAddresses } from './listening-addresses.js';
import { type NetworkOptions, openNetwork } from './open-network.js';
import { nameDaemonOf, refuseSecondDaemon } from './other-daemon.js';
import { removeHalfWritten } from './remove-half-written.js';
import { prepareStorageDirectory } from './storage-directory.js';
import { writeFileAtomically } from '../network/write-file-atomically.js';

/** A daemon that serves. */
export interface RunningDaemon {
  /** Where clients of this machine reach it, as `host:port`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly nodeId: string;
  readonly storageDir: string;
  readonly configDir: string;
  /** Resolves when it has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
  /** Stops it: calls under way may go on for the grace period. May be called again; resolves when it has stopped. */
  stop(): Promise<void>;
}

/** What differs from the usual; for tests. */
export interface StartOptions extends Partial<RpcServerOptions> {
  readonly network?: Omit<NetworkOptions, 'idleMs'>;
}

/**
 * Starts a daemon in this process and resolves when it serves. Fails with `already-running` if another one has the storage directory, the configuration
 * directory or the port; with `path-not-found`, `path-not-permitted` and `storage-not-writable` for directories that cannot be used; with `invalid-argument`.
 * A failed start leaves nothing open. `options` are for tests.
 */
export async function startDaemon(config: DaemonConfig, options: StartOptions = {}): Promise<RunningDaemon> {
  const log = createLogger(config.logLevel);
  const closing = new ClosingStack((error) => {
    log.logger.error({ err: error }, 'something could not be closed');
  });
  closing.add(async () => {
    log.flush();
  });
  try {
    const addresses = await listeningAddresses(config.host, config.insecureBind);
    warnIfReachable(addresses, log.logger);
    const { server, nodeId, requestedStop } = await open(config, options, log, closing);
    const port = await listen(server, addresses, config.port);
    return await announce({ config, nodeId, host: addresses[0] ?? config.host, port }, { log, closing, requestedStop });
  } catch (error) {
    await closing.close();
    throw error;
  }
}

/** Opens everything, in this order; the closing stack closes it in the opposite one. */
async function open(config: DaemonConfig, { network: networkOptions, ...options }: StartOptions, log: DaemonLog, closing: ClosingStack) {
  const { configDir, storageDir, storageDirIsDefault, authGroup, label } = config;
  const { logger } = log;
  const serverOptions = { streamIdleMs: limits.streamIdleMs, shutdownGraceMs: limits.shutdownGraceMs, ...options };
  closing.add(endOnUncaughtError(log));
  await prepareConfigurationDirectory(configDir, logger);
  await refuseSecondDaemon(configDir);
  const identity = await openNodeIdentity(configDir);
  const { nodeId } = identity;
  await prepareStorageDirectory(storageDir, storageDirIsDefault);
  closing.add(() => removeDaemonRecord(configDir));
  const store = await openStore(config, logger, closing);
  await writeNodeId(storageDir, nodeId);
  const ownFeeds = await openFeeds(config, logger, closing);
  const mutables = await openMutables(config, closing);
  const transfers = new TransferRegistry(systemClock);
  const networkParts = { identity, store, feeds: ownFeeds, transfers, log: logger };
  const { channels, links, feeds, remote, mirrors } = await openNetwork(
    config,
    networkParts,
    { idleMs: serverOptions.streamIdleMs, ...networkOptions },
    closing,
  );
  const tokens = await openAccessTokens({ configDir, storageDir, authGroup });
  const node = { nodeId, label, version: packageVersion(), startedAtMs: systemClock.now() };
  const stopRequest = new AbortController();
  const server = new RpcServer(
    {
      store,
      feeds,
      mutables,
      channels,
      links,
      remote,
      mirrors,
      transfers,
      node,
      prove: (challenge) => proveNode(identity, challenge),
      tokens,
      log: logger,
      requestStop: () => {
        stopRequest.abort();
      },
    },
    serverOptions,
  );
  closing.add(() => server.stop());
  return { server, nodeId, requestedStop: stopRequest.signal };
}

/** The database comes first: its lock is what keeps a second daemon from cleaning up under the first one's hands. */
async function openStore({ configDir, storageDir }: DaemonConfig, log: StructuredLog, closing: ClosingStack): Promise<LocalStorage> {
  const database = await openDatabase(join(storageDir, 'index'), {
    whoHasIt: () => nameDaemonOf(configDir, storageDir),
    onDamage: (error) => {
      log.warn({ err: error }, 'the index was damaged and is made anew; files stored again are hashed again');
    },
  });
  closing.add(() => database.close());
  const onProblem = (error: unknown): void => {
    log.warn({ err: error }, 'the index cannot be used; files are hashed again');
  };
  const store = await LocalStorage.open(storageDir, { role: 'daemon', clock: systemClock, index: await LevelContentIndex.open(database, { onProblem }) });
  closing.add(() => store.close());
  return store;
}

async function openFeeds({ configDir, storageDir }: DaemonConfig, log: StructuredLog, closing: ClosingStack): Promise<LocalFeeds> {
  const feeds = await LocalFeeds.open(
    { databaseDir: join(configDir, 'feeds'), keysDir: join(configDir, 'feed-keys') },
    {
      clock: systemClock,
      whoHasIt: () => nameDaemonOf(configDir, storageDir),
      onProblem: (error) => {
        log.warn({ err: error }, 'what is left of deleted feeds and old requests cannot be removed now; it is tried again later');
      },
    },
  );
  closing.add(() => feeds.close());
  return feeds;
}

async function openMutables({ configDir, storageDir }: DaemonConfig, closing: ClosingStack): Promise<LocalMutables> {
  const mutables = await LocalMutables.open(join(configDir, 'mutables'), systemClock, () => nameDaemonOf(configDir, storageDir));
  closing.add(() => mutables.close());
  return mutables;
}

/** Marks the storage directory as this node's, for clients that see it. */
async function writeNodeId(storageDir: string, nodeId: string): Promise<void> {
  try {
    await removeHalfWritten(storageDir);
    await writeFileAtomically(join(storageDir, 'kachery-node-id'), nodeId, 0o644);
  } catch (error) {
    throw storageFailure(error, storageDir);
  }
}

interface Listening {
  readonly config: DaemonConfig;
  readonly nodeId: string;
  readonly host: string;
  readonly port: number;
}

interface Surroundings {
  readonly log: DaemonLog;
  readonly closing: ClosingStack;
  readonly requestedStop: AbortSignal;
}

/** Writes the record by which clients and other daemons know this one, and makes it stoppable. */
async function announce({ config, nodeId, host, port }: Listening, { log, closing, requestedStop }: Surroundings): Promise<RunningDaemon> {
  const { configDir, storageDir } = config;
  const address = `${addressForClients(host)}:${String(port)}`;
  await writeDaemonRecord(configDir, { pid: process.pid, address, nodeId, storageDir, startedAt: new Date(systemClock.now()).toISOString() });
  log.logger.info({ address, nodeId, storageDir, configDir }, 'the daemon is ready');
  closing.add(async () => {
    log.logger.info('the daemon is stopping');
  });
  let tellStopped = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    tellStopped = resolve;
  });
  const stopOnce = async (): Promise<void> => {
    await closing.close();
    log.logger.info('the daemon has stopped');
    log.flush();
    tellStopped();
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopOnce());
  requestedStop.addEventListener('abort', () => void stop());
  if (requestedStop.aborted) void stop();
  return { address, host, port, nodeId, storageDir, configDir, stopped, stop };
}

/** A wildcard is an address to listen on, not one to connect to. */
function addressForClients(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
}

function warnIfReachable(addresses: readonly string[], log: StructuredLog): void {
  const reachable = addresses.filter((address) => !isLoopback(address));
  if (reachable.length === 0) return;
  log.warn({ addresses: reachable }, 'other machines can reach the API, and it is not encrypted: tokens and files cross the network in the clear');
}
