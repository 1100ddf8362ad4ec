import { type ChildProcess } from 'node:child_process';

/** Has a child process told to stop (SIGTERM) when the signal is aborted or when this process exits before it. */
export function stopWithUs(child: ChildProcess, signal?: AbortSignal): void {
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  process.once('exit', stop);
  child.once('close', () => {
    signal?.removeEventListener('abort', stop);
    process.off('exit', stop);
  });
}
