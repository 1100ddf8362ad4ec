import { KacheryError } from '../../core/failure.js';
import { type CommandContext } from '../command-context.js';
import { examine } from '../doctor/examine.js';
import { type Finding } from '../doctor/finding.js';
import { ToldFailure } from '../told-failure.js';

const marks = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;

/** Tells what every check found and what to do. Fails for the reason of the first check that failed. */
export async function doctorCommand(context: CommandContext): Promise<void> {
  let firstFailure: Finding | undefined;
  for await (const finding of examine(context)) {
    if (finding.status === 'fail') firstFailure ??= finding;
    await context.output.result(finding, describe(finding));
  }
  if (firstFailure?.reason !== undefined) throw new ToldFailure(new KacheryError(firstFailure.reason, firstFailure.message));
}

function describe({ check, status, message, advice }: Finding): string {
  const line = `${marks[status]}  ${check}: ${message}`;
  return advice === undefined ? line : `${line}\n      ${advice}`;
}
