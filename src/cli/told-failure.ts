/** A failure that the user has been told of already; it only decides the exit code. */
export class ToldFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('told before', { cause });
  }
}
