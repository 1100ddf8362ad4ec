import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a running daemon writes of itself into `daemon.json` of its configuration directory, as far as clients use it. */
export interface DaemonRecord {
  readonly pid: number;
  /** `host:port` */
  readonly address: string;
  readonly nodeId: string;
}

/** The record of the daemon of this configuration directory; undefined if there is none that can be read. */
export async function readDaemonRecord(configDir: string): Promise<DaemonRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(configDir, 'daemon.json'), 'utf8')) as Partial<Record<keyof DaemonRecord, unknown>> | null;
    const { pid, address, nodeId } = record ?? {};
    return typeof pid === 'number' && typeof address === 'string' && typeof nodeId === 'string' ? { pid, address, nodeId } : undefined;
  } catch {
    return undefined;
  }
}
