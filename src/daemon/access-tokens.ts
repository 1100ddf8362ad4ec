import { randomBytes } from 'node:crypto';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';

import { KacheryError } from '../core/failure.js';
import { readOrMakeSecret } from '../network/secret-file.js';
import { type AccessTokens } from '../rpc/interceptors/check-token.js';
import { groupId } from './group-id.js';

const tokenBytes = 32;

/** Where the tokens are kept. */
export interface TokenPlaces {
  readonly configDir: string;
  readonly storageDir: string;
  /** Group that may read the client token. */
  readonly authGroup?: string | undefined;
}

/**
 * The tokens of the daemon, made once and kept: the owner's in the configuration directory, the clients' in the storage directory. Fails with
 * `path-not-permitted` if a file cannot be read or made, or if others can read it, and with `invalid-argument` for a group that there is not.
 */
export async function openAccessTokens({ configDir, storageDir, authGroup }: TokenPlaces): Promise<AccessTokens> {
  const clientTokenPath = join(storageDir, 'client-auth');
  const ownerToken = await readOrMakeToken(join(configDir, 'owner-token'), 0o600);
  const clientToken = await readOrMakeToken(clientTokenPath, 0o640);
  if (authGroup !== undefined) await giveToGroup(clientTokenPath, authGroup);
  return { clientToken, ownerToken, clientTokenPath };
}

async function readOrMakeToken(path: string, mode: number): Promise<string> {
  const content = await readOrMakeSecret({ path, mode }, () => randomBytes(tokenBytes).toString('base64url'));
  const token = content.trim();
  if (/^[\w.~+/=-]{8,256}$/.test(token)) return token;
  throw new KacheryError('path-not-permitted', `${path} does not hold a token. Delete it, and a new one is made.`, { path });
}

async function giveToGroup(path: string, group: string): Promise<void> {
  const id = await groupId(group);
  try {
    await chown(path, -1, id);
  } catch (error) {
    throw new KacheryError(
      'path-not-permitted',
      `The file ${path} cannot be given to the group ${group}: ${error instanceof Error ? error.message : String(error)}. ` +
        'The user who starts the daemon has to be a member of the group.',
      { path },
      { cause: error },
    );
  }
}
