import { type Benchmark, type Setting } from '../benchmark.js';
import { perSecond, type Line } from '../line.js';
import { alternate } from '../measure.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startTypescriptWorker } from '../processes/workers.js';

const sizeBytes = 4096;
const togetherCount = 10_000;
const oneByOneCount = 500;

/** Storing 10,000 small files in batches, against one by one; both are durable when they are answered. */
export const smallFilesBenchmark: Benchmark = { name: 'small-files', run };

async function run({ dir, rounds }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using worker = startTypescriptWorker(daemon.environmentOf('owner'));
  const seconds = await alternate(rounds, {
    oneByOne: () => worker.seconds('storeOneByOne', { count: oneByOneCount, sizeBytes }),
    together: () => worker.seconds('storeTogether', { count: togetherCount, sizeBytes }),
  });
  return [
    {
      name: 'small-files',
      work: `store ${String(togetherCount)} files of 4 KiB in batches`,
      measured: perSecond('files/s', togetherCount, seconds.together),
      limit: { ...perSecond('files/s', oneByOneCount, seconds.oneByOne), of: 'one by one' },
      target: { of: 'ratio', bound: 'at least', amount: 10 },
    },
  ];
}
