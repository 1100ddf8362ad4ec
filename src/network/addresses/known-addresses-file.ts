import { open } from 'node:fs/promises';

import { type NodeId, parseNodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { writeFileAtomically } from '../write-file-atomically.js';
import { parseNetworkAddress } from './network-address.js';

/** Where a node was reached, and when. */
export interface KnownAddress {
  readonly nodeId: NodeId;
  /** As `host:port`. */
  readonly address: string;
  /** Milliseconds since 1970 UTC. */
  readonly workedAtMs: number;
}

const maxKept = 1_000;
const maxFileBytes = 1024 * 1024;

/** What the file holds. It can be found again over the network, so a file that is not there, or not as it should be, holds nothing; the log says so. */
export async function readKnownAddresses(path: string, log: StructuredLog): Promise<readonly KnownAddress[]> {
  try {
    const text = await readBounded(path);
    return text === undefined ? [] : parse(JSON.parse(text));
  } catch (error) {
    log.warn({ path, err: error }, 'the addresses of other nodes cannot be read; they are looked for anew');
    return [];
  }
}

/** Writes the newest of them. A failure is logged. */
export async function writeKnownAddresses(path: string, known: readonly KnownAddress[], log: StructuredLog): Promise<void> {
  const addresses = [...known].sort((one, other) => other.workedAtMs - one.workedAtMs).slice(0, maxKept);
  try {
    await writeFileAtomically(path, `${JSON.stringify({ addresses }, undefined, 1)}\n`, 0o600);
  } catch (error) {
    log.warn({ path, err: error }, 'the addresses of other nodes cannot be written; after a restart they are looked for anew');
  }
}

async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    if (size > maxFileBytes) throw new Error(`it has ${String(size)} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function parse(content: unknown): KnownAddress[] {
  const addresses = typeof content === 'object' && content !== null && 'addresses' in content ? content.addresses : undefined;
  if (!Array.isArray(addresses)) throw new Error('it has no list of addresses');
  return addresses.slice(0, maxKept).map((entry: Partial<Record<keyof KnownAddress, unknown>> | null) => {
    const { nodeId, address, workedAtMs } = entry ?? {};
    if (typeof address !== 'string' || !parseNetworkAddress(address) || typeof workedAtMs !== 'number') throw new Error('it has an entry that is no address');
    return { nodeId: parseNodeId(String(nodeId)), address, workedAtMs };
  });
}
