import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { repositoryRoot } from './repository.js';

const run = promisify(execFile);

/** The Python interpreter of the project's environment, with the package installed in it from this work tree. Quick when nothing changed. */
export async function installedPython(signal?: AbortSignal): Promise<string> {
  const { stdout } = await run(join(repositoryRoot, '.ci/python-env'), { signal });
  await run(join(repositoryRoot, '.ci/python-install'), { signal });
  return join(repositoryRoot, stdout.trim());
}
