import { KacheryError } from '../core/failure.js';

/** The failure to open a database that another process has open. `holder` says who, such as `the daemon with process id 12`; undefined if that is not known. */
export function databaseInUse(dir: string, holder: string | undefined, cause: unknown): KacheryError {
  const who = holder ?? 'another process, probably the daemon of another user or configuration directory';
  return new KacheryError(
    'already-running',
    `${dir} is in use by ${who}. Use that daemon, or stop it first with "kachery-p2p stop-daemon".`,
    { path: dir },
    { cause },
  );
}
