import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a client proves itself with. */
export interface AccessToken {
  /** None if this user may read none; what needs one is then refused by the daemon. */
  readonly token?: string;
  /** Whether the daemon is this user's own and runs on this machine, so that it can read this user's files itself. */
  readonly isLocalOwner: boolean;
}

/** Where tokens may be found. */
export interface TokenPlaces {
  /** Token that the caller gave; goes before all others. */
  readonly givenToken?: string | undefined;
  /** The owner's configuration directory. */
  readonly configDir: string;
  /** The daemon's storage directory, if it is visible. */
  readonly storageDir?: string | undefined;
  /** Token of the environment; goes behind all others. */
  readonly clientToken?: string | undefined;
}

/** The daemon that a token is for. */
export interface TokenAudience {
  readonly nodeId: string;
  /** `host:port` that it answers at. */
  readonly address: string;
}

/** The strongest token that this user has for a daemon. The owner token goes to the owner's own daemon only. */
export async function chooseToken(places: TokenPlaces, audience: TokenAudience): Promise<AccessToken> {
  const daemon = await readRunningDaemon(places.configDir);
  // Anybody can repeat the node id; a process of the owner's that holds the port is the owner's daemon.
  const isOwnDaemon = daemon?.nodeId === audience.nodeId && isOnThisMachine(daemon, audience.address);
  const ownerToken = isOwnDaemon ? await readToken(join(places.configDir, 'owner-token')) : undefined;
  const token =
    places.givenToken ??
    ownerToken ??
    (places.storageDir === undefined ? undefined : await readToken(join(places.storageDir, 'client-auth'))) ??
    places.clientToken;
  const isOwner = ownerToken !== undefined && token === ownerToken;
  return { ...(token === undefined ? {} : { token }), isLocalOwner: isOwner };
}

interface RunningDaemon {
  readonly pid: number;
  readonly address: string;
  readonly nodeId: string;
}

async function readRunningDaemon(configDir: string): Promise<RunningDaemon | undefined> {
  try {
    const record = JSON.parse(await readFile(join(configDir, 'daemon.json'), 'utf8')) as Partial<Record<keyof RunningDaemon, unknown>> | null;
    const { pid, address, nodeId } = record ?? {};
    return typeof pid === 'number' && typeof address === 'string' && typeof nodeId === 'string' ? { pid, address, nodeId } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The home directory may be shared with other machines, and a loopback port may be a tunnel: only a process of this user that lives here proves that
 * it is the daemon and that paths mean the same to it.
 */
function isOnThisMachine(daemon: RunningDaemon, address: string): boolean {
  if (portOf(daemon.address) !== portOf(address)) return false;
  if (!/^(localhost|127(\.\d+){3}|\[::1\]):\d+$/.test(address)) return false;
  try {
    return process.kill(daemon.pid, 0);
  } catch {
    return false;
  }
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}
