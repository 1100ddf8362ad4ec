import { setTimeout } from 'node:timers/promises';

import { readDaemonRecord } from '../../client/daemon-record.js';
import { isLoopback } from '../../config/api-address.js';
import { type ClientSettings, resolveClientSettings } from '../../config/client-settings.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type CommandContext } from '../command-context.js';
import { processIsRunning } from '../process-is-running.js';
import { withClient } from '../with-client.js';

const pollMs = 25;
const patienceMs = limits.shutdownGraceMs + 20_000;

/** Asks the daemon to stop and waits until it is gone. Fails with `deadline-exceeded` if it does not go in time. */
export async function stopDaemonCommand(context: CommandContext): Promise<void> {
  const settings = resolveClientSettings(context.environment);
  const pid = await withClient(context, (client) => client.stopDaemon({ signal: context.signal }));
  const timeUp = AbortSignal.timeout(patienceMs);
  while (await isThere(pid, settings)) {
    if (context.signal.aborted) throw new KacheryError('cancelled', `Interrupted; the daemon (process ${String(pid)}) was asked to stop and will.`);
    if (timeUp.aborted) throw stillThere(pid, settings);
    await setTimeout(pollMs);
  }
  await context.output.result({ pid }, `The daemon (process ${String(pid)}) has stopped.`);
}

/** A daemon on another machine, whose processes cannot be seen here, is gone when it has removed its record. */
async function isThere(pid: number, { host, configDir }: ClientSettings): Promise<boolean> {
  if (isLoopback(host)) return processIsRunning(pid);
  return (await readDaemonRecord(configDir))?.pid === pid;
}

function stillThere(pid: number, { configDir }: ClientSettings): KacheryError {
  return new KacheryError(
    'deadline-exceeded',
    `The daemon (process ${String(pid)}) agreed to stop but still runs after ${String(patienceMs / 1000)} s. ` +
      `Its log may tell why (${configDir}/daemon.log if it runs in the background); kill ${String(pid)} ends it.`,
    { pid: String(pid) },
  );
}
