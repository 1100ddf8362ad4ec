import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { KacheryError } from '../core/failure.js';
import { type DaemonRecord, readDaemonRecord } from './daemon-record.js';
import { readClientToken } from './read-client-token.js';

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
  /** Whether what answers there proved that it has the node's key. */
  readonly isProven: boolean;
}

/**
 * The strongest token that this user has for a daemon. The owner token goes to the owner's own daemon only. Fails with `daemon-not-running` if what answers
 * gives itself out as a node that this user knows and does not prove it: then it gets no token at all.
 */
export async function chooseToken(places: TokenPlaces, audience: TokenAudience): Promise<AccessToken> {
  const { configDir, storageDir } = places;
  const daemon = await readDaemonRecord(configDir);
  const isKnown = storageDir !== undefined || daemon?.nodeId === audience.nodeId;
  if (isKnown && !audience.isProven) throw notProven(audience);
  const isOwnDaemon = daemon?.nodeId === audience.nodeId && isOnThisMachine(daemon, audience.address);
  const ownerToken = isOwnDaemon ? await readToken(join(configDir, 'owner-token')) : undefined;
  const token =
    places.givenToken ?? ownerToken ?? (storageDir === undefined ? undefined : await readClientToken(storageDir, audience.nodeId)) ?? places.clientToken;
  const isOwner = ownerToken !== undefined && token === ownerToken;
  return { ...(token === undefined ? {} : { token }), isLocalOwner: isOwner };
}

function notProven({ nodeId, address }: TokenAudience): KacheryError {
  return new KacheryError(
    'daemon-not-running',
    `What answers at ${address} says that it is the node ${nodeId}, but did not prove it, so nothing was sent to it: another program may have taken the port ` +
      `of the daemon. Find out which listens there, stop it, and start the daemon. A daemon that is older than this program has to be upgraded.`,
    { address },
  );
}

/**
 * The home directory may be shared with other machines, and a loopback port may be a tunnel: only a process of this user that lives here proves that
 * it is the daemon and that paths mean the same to it.
 */
function isOnThisMachine(daemon: DaemonRecord, address: string): boolean {
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
