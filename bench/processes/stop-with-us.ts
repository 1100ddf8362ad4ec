import { type ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** Has a child process told to stop (SIGTERM) when the signal is aborted or when this process exits before it. */
export function stopWithUs(child: ChildProcess, signal?: AbortSignal): void {
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  running.add(child);
  child.once('close', () => {
    signal?.removeEventListener('abort', stop);
    running.delete(child);
  });
}
