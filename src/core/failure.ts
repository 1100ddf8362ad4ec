/**
 * Every way in which an operation can fail, as the domain names it. The list is closed: a new reason does not compile until each edge (gRPC status,
 * exit code, documentation) has mapped it.
 */
export const failureReasons = [
  'invalid-uri',
  'invalid-hash',
  'invalid-range',
  'invalid-argument',
  'too-large',
  'not-a-regular-file',
  'range-beyond-end',
  'file-not-found',
  'path-not-found',
  'upload-not-found',
  'path-not-permitted',
  'owner-only',
  'token-missing',
  'token-invalid',
  'file-changed',
  'upload-offset-mismatch',
  'size-mismatch',
  'hash-mismatch',
  'content-corrupt',
  'disk-full',
  'disk-failed',
  'too-busy',
  'storage-not-writable',
  'offline',
  'daemon-stopping',
  'daemon-not-running',
  'storage-mismatch',
  'already-running',
  'not-supported',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'already-exists',
  'feed-not-found',
  'feed-not-writeable',
  'append-conflict',
  'submit-not-allowed',
  'mutable-not-found',
  'mutable-conflict',
  'position-beyond-end',
  'feed-forked',
  'not-authorized',
  'channel-not-joined',
  'channel-invalid',
  'channel-unavailable',
  'node-unreachable',
  'sources-failed',
  'mirror-not-found',
] as const;

/** One of {@link failureReasons}. */
export type FailureReason = (typeof failureReasons)[number];

/** The values that a failure speaks of, for programs. Never content, tokens or keys. */
export type FailureDetails = Readonly<Record<string, string>>;

/**
 * The one error of this program. `reason` is for programs, `message` for people: it says what was wrong, what was tried and what to do.
 */
export class KacheryError extends Error {
  override readonly name = 'KacheryError';

  constructor(
    readonly reason: FailureReason,
    message: string,
    readonly details: FailureDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Tells whether `error` is a {@link KacheryError}, and of `reason` if one is given. */
export function isKacheryError(error: unknown, reason?: FailureReason): error is KacheryError {
  return error instanceof KacheryError && (reason === undefined || error.reason === reason);
}
