import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { repositoryRoot } from '../repository.js';

const run = promisify(execFile);

/** Gets the recording from the PyPI package that ships it, unless an earlier run did, and resolves with its path. */
export async function fetchRecording(python: string, signal: AbortSignal): Promise<string> {
  const packageDir = join(repositoryRoot, '.cache/demo-recording');
  const path = join(packageDir, 'heartpy/data/data3.csv');
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const requirements = join(repositoryRoot, 'bench/demo/recording-requirements.txt');
    const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--no-compile', '--only-binary', ':all:', '--require-hashes', '--upgrade'];
    await run(python, ['-m', 'pip', 'install', ...flags, '--target', packageDir, '-r', requirements], { signal });
  }
  return path;
}
