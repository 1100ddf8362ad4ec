import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, rates } from '../line.js';
import { alternate } from '../measure.js';
import { startBenchNetwork } from '../processes/bench-network.js';
import { startTypescriptWorker } from '../processes/workers.js';
import { writeRandomFile } from '../write-random-file.js';

const MiB = 1024 * 1024;
const sourceCount = 3;
const capMegabytes = (50 * MiB) / 1_000_000;

/** Loading from several nodes at a time, each with a limit on what it sends. */
export const networkSourcesBenchmark: Benchmark = { name: 'network-sources', run };

async function run({ dir, rounds, fileBytes }: Setting): Promise<Line[]> {
  const flags = (index: number): string[] => (index === 0 ? [] : ['--upload-limit', capMegabytes.toFixed(6)]);
  await using network = await startBenchNetwork(dir, 1 + sourceCount, { flags });
  const [reader, ...sources] = network.nodes;
  if (!reader) throw new Error('no nodes');
  const path = join(dir, 'large.bin');
  await writeRandomFile(path, fileBytes);
  let uri = '';
  for (const source of sources) {
    await using worker = startTypescriptWorker(source.environmentOf('owner'));
    ({ uri } = (await worker.call('store', { path })) as { uri: string });
  }
  await using worker = startTypescriptWorker(reader.environmentOf('owner'));
  const seconds = await alternate(Math.min(rounds, 3), {
    load: async () => {
      const taken = await worker.seconds('load', { uri });
      await worker.call('delete', { uri });
      return taken;
    },
  });
  return [
    {
      name: 'network-sources',
      work: `load from ${String(sourceCount)} nodes that send 50 MiB/s each`,
      measured: rates(fileBytes, seconds.load),
      target: { of: 'value', bound: 'at least', amount: 140 },
    },
  ];
}
