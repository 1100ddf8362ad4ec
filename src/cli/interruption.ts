import { exitCodes } from './exit-codes.js';

/** The user's or the system's wish that a command ends, from the moment this is made. */
export class Interruption {
  private readonly controller = new AbortController();
  private code: number | undefined;

  /** @param source The process; a second interrupt ends it at once. */
  constructor(private readonly source: NodeJS.Process) {
    source.on('SIGINT', () => {
      this.interrupt(exitCodes.interrupted.code);
    });
    source.on('SIGTERM', () => {
      this.interrupt(exitCodes.terminated.code);
    });
    source.on('SIGHUP', () => {
      this.interrupt(exitCodes.terminated.code);
    });
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The exit code of a command that was ended by it; undefined if there was no signal. */
  get exitCode(): number | undefined {
    return this.code;
  }

  private interrupt(code: number): void {
    if (this.code !== undefined) this.source.exit(code);
    this.code = code;
    this.controller.abort();
  }
}
