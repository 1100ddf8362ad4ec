import { type DaemonLog } from './create-logger.js';

/** From now on, an error that nobody catches is logged and ends the process with code 1. The function that it returns takes this back. */
export function endOnUncaughtError({ logger, flush }: DaemonLog): () => Promise<void> {
  const onError = (error: unknown): void => {
    logger.fatal({ err: error }, 'the daemon ends because of an error that nobody caught; please report it');
    flush();
    process.exit(1);
  };
  process.on('uncaughtException', onError);
  return async () => {
    process.off('uncaughtException', onError);
  };
}
