import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, mebibytes, rates } from '../line.js';
import { alternate } from '../measure.js';
import { processMemory } from '../process-memory.js';
import { startBenchNetwork } from '../processes/bench-network.js';
import { startTlsServer, startTlsWorker, startTypescriptWorker } from '../processes/workers.js';
import { writeRandomFile } from '../write-random-file.js';

/** Loading a large file from one other node: verified, and in its place. */
export const networkLoadBenchmark: Benchmark = { name: 'network-load', run };

async function run({ dir, rounds, fileBytes }: Setting): Promise<Line[]> {
  await using network = await startBenchNetwork(dir, 2);
  const [source, reader] = network.nodes;
  if (!source || !reader) throw new Error('no nodes');
  await using server = await startTlsServer();
  await using bare = startTlsWorker();
  await using sourceWorker = startTypescriptWorker(source.environmentOf('owner'));
  await using readerWorker = startTypescriptWorker(reader.environmentOf('owner'));
  const path = join(dir, 'large.bin');
  await writeRandomFile(path, fileBytes);
  const { uri } = (await sourceWorker.call('store', { path })) as { uri: string };
  const seconds = await alternate(rounds, {
    bare: () => bare.seconds('download', { port: server.facts.port, sizeBytes: fileBytes, path: join(dir, 'bare.bin') }),
    load: async () => {
      const taken = await readerWorker.seconds('load', { uri });
      await readerWorker.call('delete', { uri });
      return taken;
    },
  });
  const [sending, receiving] = await Promise.all([processMemory(source.pid), processMemory(reader.pid)]);
  return [
    {
      name: 'network-load',
      work: 'load a large file from another node, verified',
      measured: rates(fileBytes, seconds.load),
      limit: { ...rates(fileBytes, seconds.bare), of: 'bare TLS to a file' },
      target: { of: 'ratio', bound: 'at least', amount: 0.6 },
    },
    {
      name: 'network-load-memory',
      work: 'memory of either daemon during that, peak',
      measured: mebibytes([Math.max(sending.peakBytes, receiving.peakBytes)]),
      target: { of: 'value', bound: 'at most', amount: 250 },
      notes: { sendingMiB: sending.peakBytes / 1024 / 1024, receivingMiB: receiving.peakBytes / 1024 / 1024 },
    },
  ];
}
