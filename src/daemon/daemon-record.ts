import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomically } from '../network/write-file-atomically.js';

/** What a running daemon tells of itself in `daemon.json` of its configuration directory. */
export interface DaemonRecord {
  readonly pid: number;
  /** Where clients of this machine reach it, as `host:port`. */
  readonly address: string;
  readonly nodeId: string;
  readonly storageDir: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Writes the record. Rejects with the system's error. */
export async function writeDaemonRecord(configDir: string, record: DaemonRecord): Promise<void> {
  await writeFileAtomically(pathIn(configDir), `${JSON.stringify(record)}\n`, 0o600);
}

/** The record, or undefined if there is none that can be read. It may be that of a daemon that was killed. */
export async function readDaemonRecord(configDir: string): Promise<DaemonRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(pathIn(configDir), 'utf8')) as Partial<Record<keyof DaemonRecord, unknown>>;
    const { pid, address, nodeId, storageDir, startedAt } = record;
    if (typeof pid !== 'number' || typeof address !== 'string' || typeof nodeId !== 'string' || typeof storageDir !== 'string') return undefined;
    return { pid, address, nodeId, storageDir, startedAt: String(startedAt) };
  } catch {
    return undefined;
  }
}

/** Removes the record if it is this process's. */
export async function removeDaemonRecord(configDir: string): Promise<void> {
  const record = await readDaemonRecord(configDir);
  if (record?.pid === process.pid) await unlink(pathIn(configDir));
}

function pathIn(configDir: string): string {
  return join(configDir, 'daemon.json');
}
