import { KacheryError } from '../core/failure.js';

/** The code of an error of the operating system, such as `ENOENT`; undefined for other errors. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an error of the operating system on a path inside the storage directory means. Other errors are returned as they are. */
export function storageFailure(error: unknown, dir: string): unknown {
  const code = systemErrorCode(error);
  const details = { path: dir };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new KacheryError(
        'disk-full',
        `The disk of the storage directory ${dir} is full (${code}), so nothing was stored. Free some space on it, or remove files with "kachery-p2p rm".`,
        details,
        { cause: error },
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new KacheryError(
        'storage-not-writable',
        `The storage directory ${dir} cannot be written (${code}). Check its rights and that its file system is not mounted read-only.`,
        details,
        { cause: error },
      );
    default:
      return machineFailure(error, dir);
  }
}

/** What an error of the operating system on one file means: a user's own, or one that is stored and read. Other errors are returned as they are. */
export function localFileFailure(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  const details = { path };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new KacheryError('path-not-found', `There is no file ${path}.`, details, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new KacheryError('path-not-permitted', `The file ${path} may not be read (${code}). Check its rights.`, details, { cause: error });
    case 'EISDIR':
    case 'ENXIO':
      return new KacheryError('not-a-regular-file', `${path} is not a regular file.`, details, { cause: error });
    case 'ELOOP':
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
      return new KacheryError('invalid-argument', `${JSON.stringify(path.slice(0, 200))} is not a usable path (${code}).`, { field: 'path' }, { cause: error });
    default:
      return machineFailure(error, path);
  }
}

/** What an error of the machine itself means, whatever was done at the path. */
function machineFailure(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  switch (code) {
    case 'EMFILE':
    case 'ENFILE':
      return new KacheryError('too-busy', `Too many files are open (${code}). Try again, or raise the limit with "ulimit -n".`, {}, { cause: error });
    case 'EIO':
      return new KacheryError(
        'disk-failed',
        `The disk of ${path} reported an input/output error (EIO): bytes there cannot be read or written. ` +
          'Look into the log of the system ("dmesg") and check the disk; then try again, or use a copy.',
        { path },
        { cause: error },
      );
    default:
      return error;
  }
}
