import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { fillStore } from '../fill-store.js';
import { type Line, milliseconds } from '../line.js';
import { alternate } from '../measure.js';
import { type BenchDaemon, startBenchDaemon } from '../processes/bench-daemon.js';
import { startTypescriptWorker } from '../processes/workers.js';

const fewFiles = 1_000;
const addedFiles = 200;
const batchFiles = 1_000;
const sizeBytes = 100;

/** Adding and looking up in a store that holds very many files, against one that holds few. */
export const manyFilesBenchmark: Benchmark = { name: 'many-files', run };

async function run({ dir, rounds, manyFiles }: Setting): Promise<Line[]> {
  await using few = await startFilledDaemon(join(dir, 'few'), fewFiles);
  await using many = await startFilledDaemon(join(dir, 'many'), manyFiles);
  await using fewWorker = startTypescriptWorker(few.environmentOf('owner'));
  await using manyWorker = startTypescriptWorker(many.environmentOf('owner'));
  const add = { count: addedFiles, sizeBytes };
  const batch = { count: batchFiles, sizeBytes };
  const look = (daemon: BenchDaemon): object => ({ urisPath: samplesPathOf(daemon.storageDir) });
  const seconds = await alternate(rounds, {
    addFew: () => fewWorker.seconds('storeOneByOne', add),
    addMany: () => manyWorker.seconds('storeOneByOne', add),
    batchFew: () => fewWorker.seconds('storeTogether', batch),
    batchMany: () => manyWorker.seconds('storeTogether', batch),
    lookFew: () => fewWorker.seconds('look', look(few)),
    lookMany: () => manyWorker.seconds('look', look(many)),
  });
  const line = (name: string, work: string, count: number, taken: readonly number[], takenOfFew: readonly number[]): Line => ({
    name,
    work: `${work} a store of ${String(manyFiles)}`,
    measured: milliseconds(taken, count),
    limit: { ...milliseconds(takenOfFew, count), of: `a store of ${String(fewFiles)}` },
    target: { of: 'ratio', bound: 'at most', amount: 2 },
  });
  return [
    line('many-files-add', 'add a file to', addedFiles, seconds.addMany, seconds.addFew),
    line('many-files-add-batch', 'add one file of a batch to', batchFiles, seconds.batchMany, seconds.batchFew),
    line('many-files-look-up', 'look up a file in', fewFiles, seconds.lookMany, seconds.lookFew),
  ];
}

async function startFilledDaemon(dir: string, count: number): Promise<BenchDaemon> {
  const storageDir = join(dir, 'storage');
  await mkdir(storageDir, { recursive: true });
  await writeFile(samplesPathOf(storageDir), JSON.stringify(fillStore(storageDir, count, fewFiles)));
  return startBenchDaemon(dir);
}

function samplesPathOf(storageDir: string): string {
  return join(storageDir, '..', 'samples.json');
}
