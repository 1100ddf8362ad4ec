import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, milliseconds } from '../line.js';
import { alternate } from '../measure.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startPythonWorker } from '../processes/workers.js';
import { writeRandomFile } from '../write-random-file.js';

const rangeBytes = 1024 * 1024;
const count = 200;

/** Loading random ranges of a file that this machine has, from Python. */
export const loadBytesBenchmark: Benchmark = { name: 'load-bytes', run };

async function run({ dir, python, rounds, fileBytes }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using worker = startPythonWorker(python, daemon.environmentOf('owner'));
  const path = join(dir, 'large.bin');
  await writeRandomFile(path, fileBytes);
  const { uri } = (await worker.call('store_file', { path })) as { uri: string };
  const ranges = (round: number): object => ({ count, range_bytes: rangeBytes, seed: round });
  const seconds = await alternate(rounds * 3, {
    pread: (round) => worker.seconds('pread_ranges', { path, ...ranges(round) }),
    load: (round) => worker.seconds('load_ranges', { uri, size_bytes: fileBytes, ...ranges(round) }),
  });
  return [
    {
      name: 'load-bytes',
      work: 'load_bytes of a random 1 MiB, local, Python',
      measured: milliseconds(seconds.load, count),
      limit: { ...milliseconds(seconds.pread, count), of: 'os.pread' },
      target: { of: 'ratio', bound: 'at most', amount: 1.5 },
    },
  ];
}
