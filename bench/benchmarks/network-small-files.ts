import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, perSecond } from '../line.js';
import { startBenchNetwork } from '../processes/bench-network.js';
import { startTypescriptWorker } from '../processes/workers.js';

const count = 10_000;
const sizeBytes = 4_096;

/** Loading many small files from one other node. */
export const networkSmallFilesBenchmark: Benchmark = { name: 'network-small-files', run };

async function run({ dir, rounds }: Setting): Promise<Line[]> {
  await using network = await startBenchNetwork(dir, 2);
  const [source, reader] = network.nodes;
  if (!source || !reader) throw new Error('no nodes');
  await using sourceWorker = startTypescriptWorker(source.environmentOf('owner'));
  await using readerWorker = startTypescriptWorker(reader.environmentOf('owner'));
  const taken: number[] = [];
  for (let round = 0; round <= Math.min(rounds, 3); round++) {
    const uris = (await sourceWorker.call('storeSmall', { count, sizeBytes })) as string[];
    const seconds = await readerWorker.seconds('loadSmall', { uris });
    if (round > 0) taken.push(seconds);
  }
  return [
    {
      name: 'network-small-files',
      work: `load ${String(count)} files of 4 KiB from another node`,
      measured: perSecond('files/s', count, taken),
      target: { of: 'value', bound: 'at least', amount: 3_000 },
    },
  ];
}
