import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { repositoryRoot } from '../repository.js';
import { stopWithUs } from './stop-with-us.js';

type Reply = { readonly result: unknown } | { readonly error: string };

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A process that carries out operations one after another: one line of JSON in, one line out. Both the TypeScript workers and bench/python/worker.py speak
 * this. Dispose of it to end the process: at the end of its standard input or, if it is still at work, by SIGTERM.
 */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiters: Waiter[] = [];
  readonly #ended: Promise<unknown>;

  /** Starts the process, in a process group of its own; without `environment` it gets our variables. An aborted signal stops it at once. */
  constructor(command: readonly [string, ...string[]], environment = process.env, signal?: AbortSignal) {
    const [program, ...args] = command;
    this.#child = spawn(program, args, { cwd: repositoryRoot, env: environment, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    stopWithUs(this.#child, signal);
    this.#ended = once(this.#child, 'close');
    this.#ended.then(
      () => {
        this.#failAll(`${command.join(' ')} ended`);
      },
      (error: unknown) => {
        this.#failAll(`${command.join(' ')} failed: ${String(error)}`);
      },
    );
    if (this.#child.stdout)
      createInterface(this.#child.stdout).on('line', (line) => {
        this.#settle(JSON.parse(line) as Reply);
      });
  }

  /** Process id, for reading its memory use. */
  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  /** Carries out an operation. Fails with the message of its error, or if the process ends first. */
  call(operation: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify({ operation, parameters })}\n`);
    });
  }

  /** Carries out an operation whose result is the number of seconds that it took. */
  async seconds(operation: string, parameters: object = {}): Promise<number> {
    return Number(await this.call(operation, parameters));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.#waiters.length > 0) this.#child.kill('SIGTERM');
    await this.#ended.catch(() => undefined);
  }

  #settle(reply: Reply): void {
    const waiter = this.#waiters.shift();
    if ('error' in reply) waiter?.reject(new Error(reply.error));
    else waiter?.resolve(reply.result);
  }

  #failAll(message: string): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error(message));
  }
}
