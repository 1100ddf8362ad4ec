import { KacheryError } from '../../core/failure.js';

/** What is told of an answer that no node of this program gives. */
export function malformedAnswer(problem: string, cause?: unknown): KacheryError {
  return new KacheryError('content-corrupt', `Another node's answer about feeds is malformed: ${problem}. Ask another node.`, {}, { cause });
}
