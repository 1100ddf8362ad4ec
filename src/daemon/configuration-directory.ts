import { mkdir, stat } from 'node:fs/promises';

import { KacheryError } from '../core/failure.js';
import { type StructuredLog } from '../core/structured-log.js';

/** Makes the configuration directory, for its owner only, if it is not there. Fails with `path-not-permitted`. */
export async function prepareConfigurationDirectory(dir: string, log: StructuredLog): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const rights = (await stat(dir)).mode & 0o777;
    if ((rights & 0o077) !== 0) log.warn({ path: dir }, `other users can look into the configuration directory; run "chmod 700 ${dir}"`);
  } catch (error) {
    throw new KacheryError(
      'path-not-permitted',
      `The configuration directory ${dir} cannot be made or used: ${error instanceof Error ? error.message : String(error)}. ` +
        'Choose another one with --config-dir or KACHERY_P2P_CONFIG_DIR.',
      { path: dir },
      { cause: error },
    );
  }
}
