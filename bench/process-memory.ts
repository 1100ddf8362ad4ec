import { readFile } from 'node:fs/promises';

/** Memory of a process that is resident now, and at most since it started, in bytes. Linux only. */
export async function processMemory(pid: number): Promise<{ readonly residentBytes: number; readonly peakBytes: number }> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const bytesOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { residentBytes: bytesOf('VmRSS'), peakBytes: bytesOf('VmHWM') };
}
