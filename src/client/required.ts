import { KacheryError } from '../core/failure.js';

/** A field that every answer has. Fails with `internal` if the answer lacks it. */
export function required<T>(value: T | undefined, field: string): T {
  if (value !== undefined) return value;
  throw missingField(field);
}

/** The failure of an answer that lacks a field. */
export function missingField(field: string): KacheryError {
  return new KacheryError('internal', `The daemon's answer lacks the field ${field}. Is it newer or older than this client? Please report it.`, { field });
}
