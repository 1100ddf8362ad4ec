import { credentials, Metadata } from '@grpc/grpc-js';

import { type GetNodeResponse, NodeServiceClient } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { KacheryError } from '../core/failure.js';
import { type DaemonRecord, readDaemonRecord } from './daemon-record.js';

const answerWithinMs = 2_000;

/** Fails with `already-running` if a daemon that answers uses this configuration directory. */
export async function refuseSecondDaemon(configDir: string): Promise<void> {
  const record = await readDaemonRecord(configDir);
  if (!record || !processExists(record.pid) || !(await answers(record))) return;
  throw new KacheryError(
    'already-running',
    `The configuration directory ${configDir} is in use by ${nameOf(record)}. Use that daemon, stop it with "kachery-p2p stop-daemon", ` +
      'or choose another directory with --config-dir or KACHERY_P2P_CONFIG_DIR.',
    { path: configDir, address: record.address, pid: String(record.pid) },
  );
}

/** The daemon of this configuration directory, for a message, if it is the one that uses the storage directory. */
export async function nameDaemonOf(configDir: string, storageDir: string): Promise<string | undefined> {
  const record = await readDaemonRecord(configDir);
  return record?.storageDir === storageDir && processExists(record.pid) ? nameOf(record) : undefined;
}

function nameOf({ pid, address }: DaemonRecord): string {
  return `the daemon with process id ${String(pid)} on ${address}`;
}

/** A killed daemon leaves its record behind, and another program may have got its process id since. */
async function answers({ address, nodeId }: DaemonRecord): Promise<boolean> {
  const client = new NodeServiceClient(address, credentials.createInsecure());
  try {
    const deadline = Date.now() + answerWithinMs;
    const node = await new Promise<GetNodeResponse | undefined>((resolve) => {
      client.getNode({}, new Metadata(), { deadline }, (error, response) => {
        resolve(error ? undefined : response);
      });
    });
    return node?.nodeId === nodeId;
  } finally {
    client.close();
  }
}

function processExists(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
