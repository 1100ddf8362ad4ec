import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { broken, type Finding, healthy, odd } from './finding.js';

const check = 'configuration directory';
const secretFiles = ['owner-token', 'node-key.pem'] as const;

/** Checks that nobody else can read the owner's secrets. */
export async function* examineConfigDir(configDir: string): AsyncGenerator<Finding, void, undefined> {
  const mode = await modeOf(configDir);
  if (mode === undefined) {
    yield odd(check, `${configDir} does not exist or cannot be read: on this machine this user has started no daemon yet.`, 'start-daemon creates it.');
    return;
  }
  const openFiles: string[] = [];
  for (const name of secretFiles) if (isOpen(await modeOf(join(configDir, name)))) openFiles.push(join(configDir, name));
  if (openFiles.length > 0) {
    yield broken(check, 'path-not-permitted', `Other users may read secrets: ${openFiles.join(', ')}.`, `Run: chmod 600 ${openFiles.join(' ')}`);
  } else if (isOpen(mode)) {
    yield odd(check, `Other users may look into ${configDir}.`, `Run: chmod 700 ${configDir}`);
  } else {
    yield healthy(check, `${configDir} is closed to other users.`);
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (stats) => stats.mode,
    () => undefined,
  );
}

function isOpen(mode: number | undefined): boolean {
  return mode !== undefined && (mode & 0o077) !== 0;
}
