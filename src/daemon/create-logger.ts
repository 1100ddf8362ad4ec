import { setLogger } from '@grpc/grpc-js';
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

import { type LogLevel } from '../config/daemon-config.js';

const standardError = 2;
/** Beyond this, events are dropped: a reader of the log that stands still must not stop the daemon or fill its memory. */
const maxWaitingBytes = 4 * 1024 * 1024;
const secretFields = ['token', 'clientToken', 'ownerToken', 'authorization', 'privateKey'];

/** Where the daemon logs to, and how to get everything out before the process ends. */
export interface DaemonLog {
  readonly logger: Logger;
  readonly flush: () => void;
}

/** Logs JSON, an event a line, to standard error. Secrets that get into an event by mistake are masked. What grpc-js has to say is logged as `debug`. */
export function createLogger(level: LogLevel): DaemonLog {
  const stream = destination({ fd: standardError, sync: false, maxLength: maxWaitingBytes });
  // A log that nobody reads any more must not end the daemon.
  stream.on('error', () => undefined);
  const redact = { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' };
  const logger = pino({ level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime, redact }, stream);
  const tell = (...parts: unknown[]): void => {
    logger.debug({ from: 'grpc-js' }, parts.join(' '));
  };
  setLogger({ error: tell, info: tell, debug: tell });
  return {
    logger,
    flush: () => {
      try {
        stream.flushSync();
      } catch {
        // There is nowhere left to tell it.
      }
    },
  };
}
