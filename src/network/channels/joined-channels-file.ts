import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isKacheryError, KacheryError } from '../../core/failure.js';
import { syncDirectory } from '../sync-directory.js';
import { writeFileAtomically } from '../write-file-atomically.js';
import { type ChannelAddress, parseChannelAddress } from './channel-address.js';
import { type ChannelRoles } from './channel-roles.js';

/** A channel that this node has joined, and the roles that it takes there. */
export interface JoinedChannel {
  readonly address: ChannelAddress;
  readonly roles: ChannelRoles;
}

/** The channels that were joined; none if there is no such file yet. Fails with `content-corrupt` for other content, and with `path-not-permitted`. */
export async function readJoinedChannels(path: string): Promise<JoinedChannel[]> {
  try {
    const content = JSON.parse(await readFile(path, 'utf8')) as { readonly channels?: unknown };
    if (!Array.isArray(content.channels)) throw new TypeError('it has no channels');
    return content.channels.map(parseJoined);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (error instanceof SyntaxError || error instanceof TypeError || isKacheryError(error)) throw corrupt(path, error);
    throw notUsable(path, error);
  }
}

/** Writes the channels; they are on disk when it resolves. Fails with `path-not-permitted` and `disk-full`. */
export async function writeJoinedChannels(path: string, channels: readonly JoinedChannel[]): Promise<void> {
  try {
    await writeFileAtomically(path, `${JSON.stringify({ channels }, undefined, 2)}\n`, 0o600);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw notUsable(path, error);
  }
}

function parseJoined(value: unknown): JoinedChannel {
  const { address, roles } = value as { readonly address?: unknown; readonly roles?: Partial<Record<keyof ChannelRoles, unknown>> };
  if (typeof address !== 'string') throw new TypeError('a channel has no address');
  return { address: parseChannelAddress(address), roles: { relay: roles?.relay === true, public: roles?.public === true } };
}

function corrupt(path: string, cause: Error): KacheryError {
  return new KacheryError(
    'content-corrupt',
    `${path} does not hold the list of joined channels (${cause.message}). Correct it, or move it away and join the channels again.`,
    { path },
    { cause },
  );
}

function notUsable(path: string, cause: unknown): KacheryError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KacheryError(
      'disk-full',
      `The disk of ${path} is full (${code}), so the joined channels stay as they were. Free some space.`,
      { path },
      { cause },
    );
  }
  return new KacheryError(
    'path-not-permitted',
    `${path} cannot be read or written: ${message}. Check its rights and those of its directory.`,
    { path },
    { cause },
  );
}
