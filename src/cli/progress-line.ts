import { formatBytes, formatDuration } from './format-quantity.js';

const barWidth = 24;

/** What a progress line shows. */
export interface ProgressView {
  /** What is being done, such as `sending`. */
  readonly state: string;
  readonly doneBytes: number;
  /** 0 while it is not known. */
  readonly sizeBytes: number;
  readonly bytesPerSecond?: number | undefined;
}

/** One line that tells how far an operation is: a bar, the bytes, the rate and the time left, as far as they are known. */
export function formatProgress({ state, doneBytes, sizeBytes, bytesPerSecond }: ProgressView): string {
  const rate = bytesPerSecond === undefined ? '' : `  ${formatBytes(bytesPerSecond)}/s`;
  if (sizeBytes === 0 && doneBytes === 0) return `${state} …`;
  if (sizeBytes === 0) return `${state}  ${formatBytes(doneBytes)}${rate}`;
  const share = Math.min(1, doneBytes / sizeBytes);
  const bar = '█'.repeat(Math.floor(share * barWidth)).padEnd(barWidth, '░');
  const left =
    bytesPerSecond === undefined || bytesPerSecond === 0 ? '' : `  ${formatDuration((Math.max(0, sizeBytes - doneBytes) / bytesPerSecond) * 1000)} left`;
  return `${state.padEnd(11)} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}${rate}${left}`;
}
