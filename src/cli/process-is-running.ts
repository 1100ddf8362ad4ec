import { readFile } from 'node:fs/promises';

/** Tells whether the process of this machine with this id still runs; one that has ended and waits to be noticed by its parent does not. */
export async function processIsRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return process.platform !== 'linux' || stateTellsThatItRuns(pid);
}

/** Elsewhere than on Linux an ended process is noticed by its parent soon. For the file see proc_pid_stat(5). */
async function stateTellsThatItRuns(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    return !/^[ZX]/.test(status.slice(status.lastIndexOf(')') + 2));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ESRCH';
  }
}
