import { access, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';

import { readDaemonRecord } from '../../client/daemon-record.js';
import { type KacheryClient, type NodeInfo } from '../../client/kachery-client.js';
import { isLoopback } from '../../config/api-address.js';
import { type ClientSettings } from '../../config/client-settings.js';
import { resolveDaemonConfig } from '../../config/daemon-config.js';
import { packageVersion } from '../../config/package-version.js';
import { type CommandContext } from '../command-context.js';
import { processIsRunning } from '../process-is-running.js';
import { withClient } from '../with-client.js';
import { examineNetwork } from './examine-network.js';
import { examineFreeSpace, examineStorageDir, freeSpaceOf } from './examine-storage-dir.js';
import { broken, failed, type Finding, healthy, odd } from './finding.js';

/** Checks the daemon that commands would use and what it needs; if none answers, what may be the reason, and what one would need to start. */
export async function* examineDaemon(settings: ClientSettings, context: CommandContext): AsyncGenerator<Finding, void, undefined> {
  const findings = await withClient(context, async (client) => {
    const node = await client.getNode({ signal: context.signal });
    return [
      healthy('daemon', `The node ${node.nodeId} (${node.label}) answers at ${settings.host}:${String(settings.port)}.`),
      examineVersion(node),
      ...(await examineToken(client, context.signal)),
      await examineDaemonStorage(node, settings),
      ...(await examineNetwork(client, context.signal)),
    ];
  }).catch((error: unknown) => [failed('daemon', error)]);
  yield* findings;
  if (findings.some(({ reason }) => reason === 'daemon-not-running')) yield* examineAbsence(settings, context);
}

function examineVersion({ version }: NodeInfo): Finding {
  const own = packageVersion();
  if (version === own) return healthy('version', `The daemon and this program are both ${own}.`);
  return odd('version', `The daemon is ${version}, this program is ${own}. They work together as far as both can.`, 'Install the same version for both.');
}

async function examineToken(client: KacheryClient, signal: AbortSignal): Promise<Finding[]> {
  try {
    const { availableBytes } = await client.getStorageUsage({ signal });
    return [healthy('token', 'The daemon accepts the token of this user.'), ...examineFreeSpace(availableBytes)];
  } catch (error) {
    return [failed('token', error)];
  }
}

async function examineDaemonStorage(node: NodeInfo, { storageDir, configDir }: ClientSettings): Promise<Finding> {
  const dir = storageDir ?? node.storageDir;
  const nodeIdThere = await readFile(join(dir, 'kachery-node-id'), 'utf8').catch(() => undefined);
  if (nodeIdThere?.trim() !== node.nodeId) {
    return odd(
      'storage directory',
      `The daemon's storage directory ${node.storageDir} is not visible to this user on this machine, so files are streamed from the daemon.`,
      'Nothing needs to be done; if the directory is mounted here under another path, set KACHERY_STORAGE_DIR to it.',
    );
  }
  const isOwner = (await readDaemonRecord(configDir))?.nodeId === node.nodeId;
  return examineStorageDir(dir, { mustBeWritable: isOwner });
}

async function* examineAbsence(settings: ClientSettings, { environment }: CommandContext): AsyncGenerator<Finding, void, undefined> {
  yield* examineRecord(settings);
  if (isLoopback(settings.host)) yield await examinePort(settings);
  try {
    const { storageDir, storageDirIsDefault } = resolveDaemonConfig({}, environment);
    const finding = await examineStorageDir(storageDir, { mustBeWritable: true });
    const willBeMade = finding.reason === 'path-not-found' && (storageDirIsDefault || (await exists(dirname(storageDir))));
    yield willBeMade ? healthy(finding.check, `start-daemon will make ${storageDir}.`) : finding;
    yield* examineFreeSpace(await freeSpaceOf(storageDir));
  } catch (error) {
    yield failed('settings of start-daemon', error);
  }
}

async function* examineRecord({ host, port, configDir }: ClientSettings): AsyncGenerator<Finding, void, undefined> {
  const record = await readDaemonRecord(configDir);
  if (record === undefined) return;
  const described = `process ${String(record.pid)} at ${record.address}`;
  if (!(await processIsRunning(record.pid))) {
    yield odd(
      'daemon record',
      `The last daemon (${described}) ended without cleaning up, as after kill -9 or a power failure.`,
      'Start it again; nothing that was acknowledged is lost.',
    );
  } else if (!record.address.endsWith(`:${String(port)}`)) {
    const recordPort = record.address.slice(record.address.lastIndexOf(':') + 1);
    yield odd('daemon record', `A daemon runs, but elsewhere than at ${host}:${String(port)}: ${described}.`, `Run: export KACHERY_P2P_API_PORT=${recordPort}`);
  } else {
    yield odd('daemon record', `A daemon should run (${described}) but does not answer.`, `Look into its log; kill ${String(record.pid)} ends it.`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function examinePort({ host, port }: ClientSettings): Promise<Finding> {
  const address = `${host}:${String(port)}`;
  const isTaken = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ host, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
  if (!isTaken) return healthy('port', `Nothing listens at ${address}, so a daemon can.`);
  return broken(
    'port',
    'already-running',
    `Something that is not a kachery-p2p daemon listens at ${address}.`,
    'Stop it, or choose another port with KACHERY_P2P_API_PORT.',
  );
}
