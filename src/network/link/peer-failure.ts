import { type Metadata, status } from '@grpc/grpc-js';

import { type FailureReason, KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { failureFromServiceError } from '../../rpc/codec/failure-from-service-error.js';
import { statusDetailsKey } from '../../rpc/codec/status-details.js';

/** The other end of a call, for messages. */
export interface NodeName {
  readonly nodeId: NodeId;
  /** May be empty. */
  readonly label: string;
}

/**
 * What another node may say of itself and of what it was asked. Anything else that it says, such as that the disk is full, would be taken for a failure of this
 * node, and is told as `node-unreachable`.
 */
const reasonsOfPeers: ReadonlySet<FailureReason> = new Set([
  'invalid-hash',
  'invalid-range',
  'invalid-argument',
  'too-large',
  'range-beyond-end',
  'file-not-found',
  'file-changed',
  'content-corrupt',
  'too-busy',
  'daemon-stopping',
  'not-supported',
  'not-authorized',
  'feed-not-found',
  'feed-not-writeable',
  'feed-forked',
  'position-beyond-end',
  'append-conflict',
  'submit-not-allowed',
  'node-unreachable',
]);

/** A node as messages name it: its label, if it has one, and the beginning of its id. */
export function nodeName({ nodeId, label }: NodeName): string {
  const shortId = `${nodeId.slice(0, 12)}…`;
  return label === '' ? `the node ${shortId}` : `${label} (${shortId})`;
}

/** Why a call without a deadline to another node failed: what it says itself, `cancelled` if the signal is aborted, or `node-unreachable`. */
export function peerFailure(error: unknown, node: NodeName, signal: AbortSignal | undefined): KacheryError {
  if (error instanceof KacheryError) return error;
  if (signal?.aborted) return new KacheryError('cancelled', 'The request to another node was cancelled by its caller.', {}, { cause: signal.reason });
  const failure = failureFromServiceError(error);
  const reason = reasonOf(error, failure);
  return new KacheryError(reason, `${nodeName(node)}: ${failure.message}`, { ...failure.details, node: node.nodeId }, { cause: error });
}

/** The failure of a call whose other end was silent for too long. */
export function silentPeer(node: NodeName, silentMs: number, cause?: unknown): KacheryError {
  return new KacheryError('node-unreachable', `${nodeName(node)}: it was silent for ${String(silentMs / 1000)} s`, { node: node.nodeId }, { cause });
}

/** The failure of a call that was answered with something that is no answer to it; `problem` in words that follow a colon. */
export function wrongAnswer(node: NodeName, problem: string): KacheryError {
  return new KacheryError('content-corrupt', `${nodeName(node)}: ${problem}`, { node: node.nodeId });
}

function reasonOf(error: unknown, { reason }: KacheryError): FailureReason {
  const { code, metadata } = error as { readonly code?: unknown; readonly metadata?: Metadata };
  if (metadata && metadata.get(statusDetailsKey).length > 0) return reasonsOfPeers.has(reason) ? reason : 'node-unreachable';
  if (reason === 'too-large') return 'content-corrupt';
  return code === status.UNIMPLEMENTED ? 'not-supported' : 'node-unreachable';
}
