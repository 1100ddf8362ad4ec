import { isKacheryError, KacheryError } from '../core/failure.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { type Source } from './source.js';

/** How long a node that is too busy is left alone, the first time; twice as long each time after that. */
const busyMs = 500;
const maxBusyMs = 10_000;

/** Notes what the failure of a request says of its source: whether it may be asked again, and when. */
export function noteSourceFailure(
  source: Source,
  error: unknown,
  { distrusted, nowMs }: { readonly distrusted: DistrustedPeers; readonly nowMs: number },
): void {
  const said = error instanceof Error ? error.message : String(error);
  const reason = error instanceof KacheryError ? error.reason : undefined;
  switch (reason) {
    case 'hash-mismatch':
    case 'size-mismatch':
      noteLie(source, said, distrusted);
      return;
    case 'file-not-found':
      source.miss();
      return;
    case 'not-authorized':
      source.bar(said);
      return;
    case 'content-corrupt':
    case 'range-beyond-end':
      source.refuse(said);
      return;
    case 'too-busy':
      source.lose(said, nowMs + Math.min(maxBusyMs, busyMs * 2 ** source.failures));
      return;
    default:
      source.lose(isKacheryError(error) || said !== '' ? said : 'it failed');
  }
}

/** Notes that a source sent something that is not what it said: it is not asked for this content any more. */
export function noteLie(source: Source, problem: string, distrusted: DistrustedPeers): void {
  if (!source.hasLied) distrusted.noteLie(source.nodeId);
  source.hasLied = true;
  source.refuse(problem);
}
