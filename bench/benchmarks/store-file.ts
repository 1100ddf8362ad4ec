import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, milliseconds, type Quantity, rates } from '../line.js';
import { alternate, median } from '../measure.js';
import { ProcessorMeter } from '../processor-meter.js';
import { type BenchDaemon, startBenchDaemon } from '../processes/bench-daemon.js';
import { startPythonWorker, startTypescriptWorker } from '../processes/workers.js';
import { changeFile, writeRandomFile } from '../write-random-file.js';

const unchangedCalls = 50;

/** Storing a large file from Python: as the owner, streamed, and once more unchanged. */
export const storeFileBenchmark: Benchmark = { name: 'store-file', run };

async function run(setting: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(setting.dir);
  const path = join(setting.dir, 'large.bin');
  await writeRandomFile(path, setting.fileBytes);
  const meter = new ProcessorMeter(daemon.pid);
  const seconds = await measureStores(setting, daemon, path, meter);
  const unchanged = await measureUnchanged(setting, daemon, path);
  const [hash, copy] = [rates(setting.fileBytes, seconds.hash), rates(setting.fileBytes, seconds.copy)];
  return [
    {
      name: 'store-owner',
      work: 'store a large file, owner, Python',
      measured: milliseconds(seconds.owner),
      limit: slower({ ...milliseconds(seconds.hash), of: 'SHA-1 pass' }, { ...milliseconds(seconds.copy), of: 'copy and fsync' }),
      target: { of: 'ratio', bound: 'at most', amount: 1.3 },
      notes: { sha1MiBPerSecond: hash.value, copyMiBPerSecond: copy.value, daemonProcessorSeconds: meter.secondsOf('owner') },
    },
    {
      name: 'store-streamed',
      work: 'store a large file, streamed, Python',
      measured: rates(setting.fileBytes, seconds.streamed),
      limit: { ...hash, of: 'SHA-1 pass' },
      target: { of: 'ratio', bound: 'at least', amount: 0.35 },
      notes: { daemonProcessorSeconds: meter.secondsOf('streamed') },
    },
    unchanged,
  ];
}

function slower<Limit extends Quantity>(one: Limit, other: Limit): Limit {
  return one.value > other.value ? one : other;
}

async function measureStores(
  { dir, python, rounds }: Setting,
  daemon: BenchDaemon,
  path: string,
  meter: ProcessorMeter,
): Promise<Record<'hash' | 'copy' | 'owner' | 'streamed', number[]>> {
  await using owner = startPythonWorker(python, daemon.environmentOf('owner'));
  await using neighbour = startPythonWorker(python, daemon.environmentOf('neighbour'));
  await using cleaner = startTypescriptWorker(daemon.environmentOf('owner'));
  const storeWith = async (worker: typeof owner): Promise<number> => {
    await changeFile(path);
    const { seconds, uri } = (await worker.call('store_file', { path })) as { seconds: number; uri: string };
    await cleaner.call('delete', { uri });
    return seconds;
  };
  return await alternate(rounds, {
    hash: () => owner.seconds('sha1_pass', { path }),
    owner: meter.count('owner', () => storeWith(owner)),
    copy: () => owner.seconds('copy_with_fsync', { path, destination: join(dir, 'copy.bin') }),
    streamed: meter.count('streamed', () => storeWith(neighbour)),
  });
}

async function measureUnchanged({ python, rounds }: Setting, daemon: BenchDaemon, path: string): Promise<Line> {
  await using owner = startPythonWorker(python, daemon.environmentOf('owner'));
  await owner.call('store_file', { path });
  const seconds = await alternate(rounds, {
    again: async () => median((await owner.call('store_again', { path, count: unchangedCalls })) as number[]),
    bare: async () => median((await owner.call('bare_calls', { address: `127.0.0.1:${String(daemon.port)}`, count: unchangedCalls })) as number[]),
  });
  return {
    name: 'store-unchanged',
    work: 'store an unchanged file again, Python',
    measured: milliseconds(seconds.again),
    limit: { ...milliseconds(seconds.bare), of: 'smallest call of a bare stub' },
    target: { of: 'value', bound: 'at most', amount: 5 },
  };
}
