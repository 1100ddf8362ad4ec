import { status } from '@grpc/grpc-js';

import { ErrorReason } from '../../../gen/ts/kachery_p2p/v1/error_reason.js';
import { type FailureReason, failureReasons } from '../../core/failure.js';

interface ReasonCode {
  readonly reason: ErrorReason;
  readonly code: status;
}

/** How each reason of a failure is told on the wire. */
export const reasonCodes: Readonly<Record<FailureReason, ReasonCode>> = {
  'invalid-uri': { reason: ErrorReason.ERROR_REASON_INVALID_URI, code: status.INVALID_ARGUMENT },
  'invalid-hash': { reason: ErrorReason.ERROR_REASON_INVALID_HASH, code: status.INVALID_ARGUMENT },
  'invalid-range': { reason: ErrorReason.ERROR_REASON_INVALID_RANGE, code: status.INVALID_ARGUMENT },
  'invalid-argument': { reason: ErrorReason.ERROR_REASON_INVALID_ARGUMENT, code: status.INVALID_ARGUMENT },
  'too-large': { reason: ErrorReason.ERROR_REASON_TOO_LARGE, code: status.INVALID_ARGUMENT },
  'not-a-regular-file': { reason: ErrorReason.ERROR_REASON_NOT_A_REGULAR_FILE, code: status.INVALID_ARGUMENT },
  'range-beyond-end': { reason: ErrorReason.ERROR_REASON_RANGE_BEYOND_END, code: status.OUT_OF_RANGE },
  'file-not-found': { reason: ErrorReason.ERROR_REASON_FILE_NOT_FOUND, code: status.NOT_FOUND },
  'path-not-found': { reason: ErrorReason.ERROR_REASON_PATH_NOT_FOUND, code: status.NOT_FOUND },
  'upload-not-found': { reason: ErrorReason.ERROR_REASON_UPLOAD_NOT_FOUND, code: status.NOT_FOUND },
  'path-not-permitted': { reason: ErrorReason.ERROR_REASON_PATH_NOT_PERMITTED, code: status.PERMISSION_DENIED },
  'owner-only': { reason: ErrorReason.ERROR_REASON_OWNER_ONLY, code: status.PERMISSION_DENIED },
  'token-missing': { reason: ErrorReason.ERROR_REASON_TOKEN_MISSING, code: status.UNAUTHENTICATED },
  'token-invalid': { reason: ErrorReason.ERROR_REASON_TOKEN_INVALID, code: status.UNAUTHENTICATED },
  'file-changed': { reason: ErrorReason.ERROR_REASON_FILE_CHANGED, code: status.ABORTED },
  'upload-offset-mismatch': { reason: ErrorReason.ERROR_REASON_UPLOAD_OFFSET_MISMATCH, code: status.ABORTED },
  'size-mismatch': { reason: ErrorReason.ERROR_REASON_SIZE_MISMATCH, code: status.INVALID_ARGUMENT },
  'hash-mismatch': { reason: ErrorReason.ERROR_REASON_HASH_MISMATCH, code: status.INVALID_ARGUMENT },
  'content-corrupt': { reason: ErrorReason.ERROR_REASON_CONTENT_CORRUPT, code: status.DATA_LOSS },
  'disk-full': { reason: ErrorReason.ERROR_REASON_DISK_FULL, code: status.RESOURCE_EXHAUSTED },
  'disk-failed': { reason: ErrorReason.ERROR_REASON_DISK_FAILED, code: status.DATA_LOSS },
  'too-busy': { reason: ErrorReason.ERROR_REASON_TOO_BUSY, code: status.RESOURCE_EXHAUSTED },
  'storage-not-writable': { reason: ErrorReason.ERROR_REASON_STORAGE_NOT_WRITABLE, code: status.FAILED_PRECONDITION },
  offline: { reason: ErrorReason.ERROR_REASON_OFFLINE, code: status.FAILED_PRECONDITION },
  'daemon-stopping': { reason: ErrorReason.ERROR_REASON_DAEMON_STOPPING, code: status.UNAVAILABLE },
  'daemon-not-running': { reason: ErrorReason.ERROR_REASON_DAEMON_NOT_RUNNING, code: status.UNAVAILABLE },
  'storage-mismatch': { reason: ErrorReason.ERROR_REASON_STORAGE_MISMATCH, code: status.FAILED_PRECONDITION },
  'already-running': { reason: ErrorReason.ERROR_REASON_ALREADY_RUNNING, code: status.FAILED_PRECONDITION },
  'not-supported': { reason: ErrorReason.ERROR_REASON_NOT_SUPPORTED, code: status.UNIMPLEMENTED },
  cancelled: { reason: ErrorReason.ERROR_REASON_CANCELLED, code: status.CANCELLED },
  'deadline-exceeded': { reason: ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, code: status.DEADLINE_EXCEEDED },
  internal: { reason: ErrorReason.ERROR_REASON_INTERNAL, code: status.INTERNAL },
  'already-exists': { reason: ErrorReason.ERROR_REASON_ALREADY_EXISTS, code: status.ALREADY_EXISTS },
  'feed-not-found': { reason: ErrorReason.ERROR_REASON_FEED_NOT_FOUND, code: status.NOT_FOUND },
  'feed-not-writeable': { reason: ErrorReason.ERROR_REASON_FEED_NOT_WRITEABLE, code: status.FAILED_PRECONDITION },
  'append-conflict': { reason: ErrorReason.ERROR_REASON_APPEND_CONFLICT, code: status.ABORTED },
  'submit-not-allowed': { reason: ErrorReason.ERROR_REASON_SUBMIT_NOT_ALLOWED, code: status.PERMISSION_DENIED },
  'mutable-not-found': { reason: ErrorReason.ERROR_REASON_MUTABLE_NOT_FOUND, code: status.NOT_FOUND },
  'mutable-conflict': { reason: ErrorReason.ERROR_REASON_MUTABLE_CONFLICT, code: status.ABORTED },
  'position-beyond-end': { reason: ErrorReason.ERROR_REASON_POSITION_BEYOND_END, code: status.OUT_OF_RANGE },
  'feed-forked': { reason: ErrorReason.ERROR_REASON_FEED_FORKED, code: status.DATA_LOSS },
  'not-authorized': { reason: ErrorReason.ERROR_REASON_NOT_AUTHORIZED, code: status.PERMISSION_DENIED },
  'channel-not-joined': { reason: ErrorReason.ERROR_REASON_CHANNEL_NOT_JOINED, code: status.NOT_FOUND },
  'channel-invalid': { reason: ErrorReason.ERROR_REASON_CHANNEL_INVALID, code: status.INVALID_ARGUMENT },
  'channel-unavailable': { reason: ErrorReason.ERROR_REASON_CHANNEL_UNAVAILABLE, code: status.UNAVAILABLE },
  'node-unreachable': { reason: ErrorReason.ERROR_REASON_NODE_UNREACHABLE, code: status.UNAVAILABLE },
  'sources-failed': { reason: ErrorReason.ERROR_REASON_SOURCES_FAILED, code: status.DATA_LOSS },
  'mirror-not-found': { reason: ErrorReason.ERROR_REASON_MIRROR_NOT_FOUND, code: status.NOT_FOUND },
};

const prefix = 'ERROR_REASON_';
const reasonsByName = new Map(failureReasons.map((reason) => [errorReasonName(reason), reason]));

/** The reason as ErrorInfo and ItemError spell it: the name of the ErrorReason without its prefix. */
export function errorReasonName(reason: FailureReason): string {
  return ErrorReason[reasonCodes[reason].reason].slice(prefix.length);
}

/** The reason of this spelling; undefined for one that this program does not know. */
export function reasonOfName(name: string): FailureReason | undefined {
  return reasonsByName.get(name);
}
