import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { stopWithUs } from './stop-with-us.js';

/** How to start a process that tells in one line of JSON on standard output that it is ready. */
export interface ReadyCommand {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  /** All variables that it gets; ours, if absent. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Stops it early. */
  readonly signal?: AbortSignal;
}

/** A process that runs until it is disposed of: by the end of its standard input and SIGTERM. */
export interface ReadyProcess<Facts> extends AsyncDisposable {
  /** What it told of itself. */
  readonly facts: Facts;
  readonly pid: number;
  /** Its exit code, when it has ended; null if a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a process, in a process group of its own, and waits for its line. Fails if it ends before. */
export async function startReadyProcess<Facts>({ command, cwd, environment = process.env, signal }: ReadyCommand): Promise<ReadyProcess<Facts>> {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd, env: environment, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'close').then(() => child.exitCode);
  stopWithUs(child, signal);
  const line = await Promise.race([firstLine(child), ended]);
  if (typeof line !== 'string') throw new Error(`${command.join(' ')} ended before it was ready, with exit code ${String(line)}`);
  return {
    facts: JSON.parse(line) as Facts,
    pid: child.pid ?? NaN,
    ended,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the process has no standard output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}
