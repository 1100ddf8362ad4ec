import { type FailureReason, isKacheryError } from '../core/failure.js';

/** What the exit code of a command says. docs/exit-codes.md comes from this list. */
export const exitCodes = {
  done: { code: 0, meaning: 'Done.' },
  internal: { code: 1, meaning: 'A fault of this program. Please report it.' },
  usage: { code: 2, meaning: 'The command was called in a way that cannot be: an unknown option, a malformed URI, a path that is not a regular file.' },
  notFound: {
    code: 3,
    meaning:
      'Nobody who could be asked has the file or the feed, the path does not exist, the key has no value, the channel is not joined, or there is no such mirror.',
  },
  unavailable: {
    code: 4,
    meaning: 'No daemon answers, it is stopping, a node or a channel cannot be reached, or the time was up. The same command may succeed later.',
  },
  notPermitted: {
    code: 5,
    meaning: 'The operating system, the daemon or another node does not permit it: a path that may not be read, a token that is missing or wrong.',
  },
  dataLoss: {
    code: 6,
    meaning: 'Stored or linked bytes, or those that other nodes sent, are not what their address says, a disk failed, or a feed has two histories.',
  },
  exhausted: { code: 7, meaning: 'The disk is full or the daemon is busy.' },
  conflict: { code: 8, meaning: 'Something else changed the file, the upload, the feed or the value meanwhile, or took the name. Look what is there now.' },
  precondition: {
    code: 9,
    meaning: 'Something must be changed first: offline mode, another storage directory, a daemon that runs already, a directory that cannot be written.',
  },
  outOfRange: { code: 10, meaning: 'The range of bytes ends beyond the end of the file, or the position is behind the end of the subfeed.' },
  interrupted: { code: 130, meaning: 'Interrupted with Ctrl-C (SIGINT).' },
  terminated: { code: 143, meaning: 'Ended with SIGTERM, or with SIGHUP because the terminal was closed.' },
} as const satisfies Record<string, { code: number; meaning: string }>;

const exitOfReason: Readonly<Record<FailureReason, keyof typeof exitCodes>> = {
  'invalid-uri': 'usage',
  'invalid-hash': 'usage',
  'invalid-range': 'usage',
  'invalid-argument': 'usage',
  'too-large': 'usage',
  'not-a-regular-file': 'usage',
  'range-beyond-end': 'outOfRange',
  'file-not-found': 'notFound',
  'path-not-found': 'notFound',
  'upload-not-found': 'notFound',
  'path-not-permitted': 'notPermitted',
  'owner-only': 'notPermitted',
  'token-missing': 'notPermitted',
  'token-invalid': 'notPermitted',
  'file-changed': 'conflict',
  'upload-offset-mismatch': 'conflict',
  'size-mismatch': 'usage',
  'hash-mismatch': 'usage',
  'content-corrupt': 'dataLoss',
  'disk-full': 'exhausted',
  'disk-failed': 'dataLoss',
  'too-busy': 'exhausted',
  'storage-not-writable': 'precondition',
  offline: 'precondition',
  'daemon-stopping': 'unavailable',
  'daemon-not-running': 'unavailable',
  'storage-mismatch': 'precondition',
  'already-running': 'precondition',
  'not-supported': 'precondition',
  cancelled: 'interrupted',
  'deadline-exceeded': 'unavailable',
  internal: 'internal',
  'already-exists': 'conflict',
  'feed-not-found': 'notFound',
  'feed-not-writeable': 'precondition',
  'append-conflict': 'conflict',
  'submit-not-allowed': 'notPermitted',
  'mutable-not-found': 'notFound',
  'mutable-conflict': 'conflict',
  'position-beyond-end': 'outOfRange',
  'feed-forked': 'dataLoss',
  'not-authorized': 'notPermitted',
  'channel-not-joined': 'notFound',
  'channel-invalid': 'usage',
  'channel-unavailable': 'unavailable',
  'node-unreachable': 'unavailable',
  'sources-failed': 'dataLoss',
  'mirror-not-found': 'notFound',
};

/** The exit code of a command that failed for this reason. */
export function exitCodeOfReason(reason: FailureReason): number {
  return exitCodes[exitOfReason[reason]].code;
}

/** The exit code of a command that failed with `error`. */
export function exitCodeOf(error: unknown): number {
  return isKacheryError(error) ? exitCodeOfReason(error.reason) : exitCodes.internal.code;
}
