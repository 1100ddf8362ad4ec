import { setTimeout as pause } from 'node:timers/promises';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, mebibytes } from '../line.js';
import { secondsOf } from '../measure.js';
import { processMemory } from '../process-memory.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startTypescriptWorker } from '../processes/workers.js';

const clients = 8;
const settleMs = 5_000;

/** What the daemon's memory is when idle, and at most while 8 clients store and read. */
export const daemonMemoryBenchmark: Benchmark = { name: 'daemon-memory', run };

async function run({ dir, memoryBytes }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using worker = startTypescriptWorker(daemon.environmentOf('distant'));
  await worker.call('bareCalls', { count: 10 });
  await pause(settleMs);
  const idle = await processMemory(daemon.pid);
  const sizeBytes = memoryBytes / clients;
  let uris: unknown;
  const storeSeconds = await secondsOf(async () => {
    uris = await worker.call('storeStreams', { clients, sizeBytes });
  });
  const stored = await processMemory(daemon.pid);
  const readSeconds = await secondsOf(() => worker.call('readStreams', { uris, sizeBytes }));
  const read = await processMemory(daemon.pid);
  await pause(settleMs);
  const settled = await processMemory(daemon.pid);
  const mib = 1024 * 1024;
  return [
    {
      name: 'memory-idle',
      work: "daemon's memory, idle",
      measured: mebibytes([idle.residentBytes]),
      target: { of: 'value', bound: 'at most', amount: 100 },
    },
    {
      name: 'memory-busy',
      work: `daemon's memory, ${String(clients)} clients storing and reading, peak`,
      measured: mebibytes([read.peakBytes]),
      target: { of: 'value', bound: 'at most', amount: 250 },
      notes: {
        movedMiB: memoryBytes / mib,
        peakOfStoringMiB: stored.peakBytes / mib,
        settledMiB: settled.residentBytes / mib,
        storeMiBPerSecond: memoryBytes / mib / storeSeconds,
        readMiBPerSecond: memoryBytes / mib / readSeconds,
      },
    },
  ];
}
