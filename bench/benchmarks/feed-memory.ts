import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, mebibytes } from '../line.js';
import { processMemory } from '../process-memory.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startFeedWorker } from '../processes/workers.js';

/** The daemon's memory with a very long subfeed that is appended to, followed and read at the same time. */
export const feedMemoryBenchmark: Benchmark = { name: 'feed-memory', run };

async function run({ dir, feedMemoryMessages: count }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using writer = startFeedWorker(daemon.environmentOf('neighbour'));
  await using follower = startFeedWorker(daemon.environmentOf('neighbour'));
  const uri = `feed://${String(await writer.call('create'))}/long`;
  await Promise.all([follower.call('follow', { uri, position: 0, count }), writer.call('appendBatches', { uri, count, batch: 1_000 })]);
  const followed = await processMemory(daemon.pid);
  await Promise.all([follower.call('follow', { uri, position: 0, count }), writer.call('read', { uri, count })]);
  const read = await processMemory(daemon.pid);
  return [
    {
      name: 'feed-memory',
      work: `daemon's memory, ${String(count)} messages appended, followed and read, peak`,
      measured: mebibytes([read.peakBytes]),
      target: { of: 'value', bound: 'at most', amount: 200 },
      notes: { peakWhileAppendedMiB: followed.peakBytes / 1024 / 1024 },
    },
  ];
}
