import { type DaemonConfig, type DaemonFlags, resolveDaemonConfig } from '../../config/daemon-config.js';
import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { type ReadyDaemon } from '../ready-daemon.js';

/** Flags of the command as they were typed. */
export interface StartDaemonFlags extends DaemonFlags {
  readonly background?: boolean;
}

/** Starts the daemon and tells when it is ready. In the foreground it goes on until the daemon has stopped, in the background until it is ready. */
export async function startDaemonCommand(flags: StartDaemonFlags, context: CommandContext): Promise<void> {
  const config = resolveDaemonConfig(flags, context.environment);
  if (flags.background ?? false) {
    const { startInBackground } = await import('../start-in-background.js');
    await tellReady(await startInBackground(config, context.signal), context);
  } else {
    await runInForeground(config, context);
  }
}

async function runInForeground(config: DaemonConfig, context: CommandContext): Promise<void> {
  const { startDaemon } = await import('../../daemon/start-daemon.js');
  const daemon = await startDaemon(config);
  if (context.signal.aborted) {
    await daemon.stop();
    throw new KacheryError('cancelled', 'Interrupted while the daemon was starting; it was stopped again.');
  }
  context.signal.addEventListener('abort', () => void daemon.stop());
  const { address, host, port, nodeId, storageDir, configDir } = daemon;
  await tellReady({ pid: process.pid, address, host, port, nodeId, storageDir, configDir }, context);
  await daemon.stopped;
}

async function tellReady(daemon: ReadyDaemon, { output }: CommandContext): Promise<void> {
  const text =
    `The daemon is ready at ${daemon.address} (process ${String(daemon.pid)}). ` +
    `Node ${daemon.nodeId}, storage directory ${daemon.storageDir}, configuration directory ${daemon.configDir}.`;
  await output.result(daemon, text);
}
