import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** Processor time that a process has spent so far, in seconds. Linux only. */
export function processorSeconds(pid: number): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
