import { Metadata, type status } from '@grpc/grpc-js';

import { Any } from '../../../gen/ts/google/protobuf/any.js';
import { ErrorInfo, RetryInfo } from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { type FailureDetails, KacheryError } from '../../core/failure.js';
import { errorReasonName, reasonCodes } from './reason-codes.js';

/** Domain of the ErrorInfo of every error that a kachery-p2p node sends. */
const errorDomain = 'kachery-p2p';

/** Trailer that carries the encoded google.rpc.Status. */
export const statusDetailsKey = 'grpc-status-details-bin';

const retryAfterSeconds = 1n;
const maxMessageLength = 2500;
const maxDetailLength = 400;

/** A status as grpc-js sends it at the end of a call. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/**
 * The status that tells a client of `error`: code, message and, in the trailer `grpc-status-details-bin`, the same message with ErrorInfo and, where trying
 * again helps, RetryInfo. Any other error than a KacheryError is told as `internal`, without what it says: that is for the log.
 */
export function toStatus(error: unknown): CallStatus {
  const { reason, message, details } = error instanceof KacheryError ? error : unexpectedFailure();
  const { code } = reasonCodes[reason];
  const text = cut(message, maxMessageLength);
  const info = { reason: errorReasonName(reason), domain: errorDomain, metadata: cutAll(details) };
  const packed = [pack('google.rpc.ErrorInfo', ErrorInfo.encode(info).finish())];
  if (reason === 'daemon-stopping') packed.push(pack('google.rpc.RetryInfo', retryInfo()));
  const metadata = new Metadata();
  metadata.set(statusDetailsKey, Buffer.from(Status.encode({ code, message: text, details: packed }).finish()));
  return { code, details: text, metadata };
}

/** What `toStatus` put into a trailer, as far as it can be read. */
export function readStatusDetails(metadata: Metadata | undefined): { message: string; info: ErrorInfo } | undefined {
  const encoded = metadata?.get(statusDetailsKey)[0];
  if (!Buffer.isBuffer(encoded)) return undefined;
  try {
    const { message, details } = Status.decode(encoded);
    const info = details.filter((detail) => detail.typeUrl.endsWith('/google.rpc.ErrorInfo')).map((detail) => ErrorInfo.decode(detail.value));
    const own = info.find((candidate) => candidate.domain === errorDomain);
    return own && { message, info: own };
  } catch {
    return undefined;
  }
}

function unexpectedFailure(): KacheryError {
  return new KacheryError('internal', 'The daemon failed unexpectedly. Its log says more; please report it with that part of the log.');
}

function retryInfo(): Uint8Array {
  return RetryInfo.encode({ retryDelay: { seconds: retryAfterSeconds, nanos: 0 } }).finish();
}

function pack(typeName: string, value: Uint8Array): Any {
  return Any.create({ typeUrl: `type.googleapis.com/${typeName}`, value: Buffer.from(value) });
}

function cutAll(details: FailureDetails): Record<string, string> {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, cut(value, maxDetailLength)]));
}

/** `text`, well-formed as it must be on the wire, and cut where it would be longer than `maxLength` when percent-encoded: some clients refuse long trailers. */
function cut(text: string, maxLength: number): string {
  const wellFormed = text.toWellFormed();
  if (encodeURI(wellFormed).length <= maxLength) return wellFormed;
  let kept = wellFormed;
  while (encodeURI(kept).length >= maxLength) kept = kept.slice(0, Math.floor(kept.length * 0.9)).toWellFormed();
  return `${kept}…`;
}
