/**
 * What `work` comes to or, as soon as `signal` is aborted, the failure that `reasonOf` makes of it: what it is aborted with, if nothing else is said. The work
 * itself may go on then, and its failure is nobody's. Without a signal, what the work comes to.
 */
export function orAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  reasonOf = ({ reason }: AbortSignal): Error => reason as Error,
): Promise<Result> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(reasonOf(signal));
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}
