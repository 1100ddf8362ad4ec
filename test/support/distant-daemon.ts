import { type ExecutionContext } from 'ava';

import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from './daemon.js';

/** A daemon whose storage directory its clients do not see, as from another machine: it knows the directory under a name that is good in its process only. */
export async function startDistantDaemon(t: ExecutionContext, options: TestDaemonOptions = {}): Promise<TestDaemon> {
  if (process.platform !== 'linux') throw new Error('This needs /proc/self/cwd, which only Linux has.');
  return startTestDaemon(t, { ...options, arguments: [...(options.arguments ?? []), '--storage-dir', '/proc/self/cwd/storage'] });
}
