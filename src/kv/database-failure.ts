import { KacheryError } from '../core/failure.js';

const whatToDo = {
  'disk-full': 'Free some space on the disk.',
  'storage-not-writable': 'Check the rights of the directory, and that its file system is not mounted read-only.',
  'content-corrupt': 'Put the directory back from a copy, or move it away to begin without what is in it.',
} as const;

/** What an error of level on the database `dir` means; `attempt` says what was tried, such as `be opened`. A KacheryError is returned as it is. */
export function databaseFailure(error: unknown, dir: string, attempt: string): KacheryError {
  if (error instanceof KacheryError) return error;
  const problem = causeOf(error) ?? error;
  const text = problem instanceof Error ? problem.message : String(problem);
  const reason = reasonOf(levelCodeOf(error), text);
  return new KacheryError(reason, `The database ${dir} cannot ${attempt}: ${text}. ${whatToDo[reason]}`, { path: dir }, { cause: error });
}

/** The code that level gave an error or the cause of it. */
export function levelCodeOf(error: unknown): unknown {
  const cause = causeOf(error) ?? error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}

function reasonOf(code: unknown, text: string): keyof typeof whatToDo {
  if (code === 'LEVEL_CORRUPTION') return 'content-corrupt';
  return /ENOSPC|No space left|EDQUOT|quota/i.test(text) ? 'disk-full' : 'storage-not-writable';
}

/** Level wraps what went wrong in an error that says only that the database is not open. */
function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
