import { type Writable } from 'node:stream';

import { CommanderError } from 'commander';

import { isKacheryError, KacheryError } from '../core/failure.js';
import { formatFailure } from './command-line-failure.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { Interruption } from './interruption.js';
import { buildProgram } from './program.js';
import { ToldFailure } from './told-failure.js';

/**
 * Runs the command that the process was called for: results on standard output, everything else on standard error. `command` stands before its arguments.
 * Never returns: ends the process with the exit code that docs/exit-codes.md tells.
 */
export async function runCommandLine(caller: NodeJS.Process, command: readonly string[] = []): Promise<never> {
  const { argv, env: environment, stdin, stdout, stderr } = caller;
  const words = [...command, ...argv.slice(2)];
  const interruption = new Interruption(caller);
  const stdoutFailure = new AbortController();
  stdout.on('error', (error) => {
    stdoutFailure.abort(error);
  });
  stderr.on('error', () => undefined);
  const signal = AbortSignal.any([interruption.signal, stdoutFailure.signal]);
  let failure: unknown;
  try {
    await buildProgram({ environment, stdin, stdout, stderr, signal }).parseAsync(words, { from: 'user' });
  } catch (error) {
    failure = error;
  }
  if (!interruption.signal.aborted) await flushed(stdout, interruption.signal);
  if (stdoutFailure.signal.aborted && (failure === undefined || isKacheryError(failure, 'cancelled'))) {
    failure = asStdoutFailure(stdoutFailure.signal.reason, failure !== undefined && isChanger(words));
  }
  const hearer = { stderr, json: isForPrograms(words), interruptedWith: interruption.exitCode };
  caller.exit(failure === undefined ? exitCodes.done.code : tellFailure(failure, hearer));
}

interface Hearer {
  readonly stderr: Writable;
  readonly json: boolean;
  /** The exit code that a signal asked for. */
  readonly interruptedWith: number | undefined;
}

/** Tells of a failure on standard error, if it is one to the user, and gives the exit code. */
function tellFailure(error: unknown, { stderr, json, interruptedWith }: Hearer): number {
  if (error instanceof ToldFailure) return isKacheryError(error.cause, 'cancelled') ? (interruptedWith ?? exitCodeOf(error.cause)) : exitCodeOf(error.cause);
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done.code;
  if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage.code;
  const failure = error instanceof CommanderError ? usageFailure(error) : error;
  const wasInterrupted = interruptedWith !== undefined && isKacheryError(failure, 'cancelled');
  if (json || !wasInterrupted) stderr.write(`${formatFailure(failure, json)}\n`);
  return wasInterrupted ? interruptedWith : exitCodeOf(failure);
}

/** Commands that do something beside printing: that their reader went away must not hide what was left undone. */
const changers: readonly string[] = ['store', 'store-file', 'link', 'link-file', 'rm', 'verify', 'feed rm', 'mutable rm'];

function isChanger([first = '', second = '']: readonly string[]): boolean {
  return changers.includes(first) || changers.includes(`${first} ${second}`);
}

/** Undefined if the reader of a pipe went away, as `head` does: that ends a command quietly that only prints. */
function asStdoutFailure(error: unknown, isUnfinished: boolean): KacheryError | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EPIPE') return isUnfinished ? readerWentAway(error) : undefined;
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'internal';
  return new KacheryError(reason, `The result could not be written to standard output: ${message}.`, {}, { cause: error });
}

function readerWentAway(cause: unknown): KacheryError {
  const message = 'Nobody reads the results any more (EPIPE), so the command ended before everything was done. Run it again without closing its output.';
  return new KacheryError('cancelled', message, {}, { cause });
}

function usageFailure(error: CommanderError): KacheryError {
  const message = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  return new KacheryError('invalid-argument', `${message}. See --help.`, {}, { cause: error });
}

/** Whether --json was given; a command line that cannot be parsed is looked at as it is. */
function isForPrograms(words: readonly string[]): boolean {
  return (words.includes('--') ? words.slice(0, words.indexOf('--')) : words).includes('--json');
}

/** Resolves when everything that was written has been passed on or cannot be, or when nobody wants to wait any longer. */
function flushed(stream: NodeJS.WriteStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
    stream.write('', () => {
      setImmediate(resolve);
    });
  });
}
