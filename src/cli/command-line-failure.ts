import { failureReasons, type FailureReason, isKacheryError, KacheryError } from '../core/failure.js';
import { escapeControls } from './escape-controls.js';

interface FailureLine {
  readonly error: { readonly reason: FailureReason; readonly message: string; readonly details: Readonly<Record<string, string>> };
}

/** How a failure is told on standard error: one line, for people or as JSON for programs. */
export function formatFailure(error: unknown, json: boolean): string {
  const { reason, message, details } = isKacheryError(error) ? error : asInternal(error);
  if (json) return JSON.stringify({ error: { reason, message, details } } satisfies FailureLine);
  return `kachery-p2p: ${reason}: ${escapeControls(message.replaceAll(/\s*\n\s*/g, ' '))}`;
}

/** The failure that a line made by {@link formatFailure} as JSON tells; undefined for any other line. */
export function parseFailure(line: string): KacheryError | undefined {
  if (!line.startsWith('{"error":{"reason":')) return undefined;
  try {
    const { error } = JSON.parse(line) as FailureLine;
    return failureReasons.includes(error.reason) ? new KacheryError(error.reason, error.message, error.details) : undefined;
  } catch {
    return undefined;
  }
}

function asInternal(error: unknown): KacheryError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new KacheryError('internal', `${text}. This is a fault of kachery-p2p; please report it.`);
}
