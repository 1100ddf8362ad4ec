import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { type Benchmark, type Setting } from './benchmark.js';
import { daemonMemoryBenchmark } from './benchmarks/daemon-memory.js';
import { distantLinkBenchmark } from './benchmarks/distant-link.js';
import { feedAppendsBenchmark } from './benchmarks/feed-appends.js';
import { feedFollowingBenchmark } from './benchmarks/feed-following.js';
import { feedMemoryBenchmark } from './benchmarks/feed-memory.js';
import { feedReadingBenchmark } from './benchmarks/feed-reading.js';
import { largeChannelBenchmark } from './benchmarks/large-channel.js';
import { loadBytesBenchmark } from './benchmarks/load-bytes.js';
import { manyFilesBenchmark } from './benchmarks/many-files.js';
import { networkDistantBenchmark } from './benchmarks/network-distant.js';
import { networkFeedsBenchmark } from './benchmarks/network-feeds.js';
import { networkIdleBenchmark } from './benchmarks/network-idle.js';
import { networkLoadBenchmark } from './benchmarks/network-load.js';
import { networkSmallFilesBenchmark } from './benchmarks/network-small-files.js';
import { networkSourcesBenchmark } from './benchmarks/network-sources.js';
import { readFileBenchmark } from './benchmarks/read-file.js';
import { smallFilesBenchmark } from './benchmarks/small-files.js';
import { storeFileBenchmark } from './benchmarks/store-file.js';
import { type Line } from './line.js';
import { fileSystemOf, machineFacts } from './machine-facts.js';
import { installedPython } from './python-environment.js';
import { repositoryRoot } from './repository.js';
import { keepResults } from './results.js';
import { formatTable } from './table.js';

const benchmarks: readonly Benchmark[] = [
  storeFileBenchmark,
  readFileBenchmark,
  distantLinkBenchmark,
  loadBytesBenchmark,
  smallFilesBenchmark,
  manyFilesBenchmark,
  daemonMemoryBenchmark,
  feedAppendsBenchmark,
  feedReadingBenchmark,
  feedFollowingBenchmark,
  feedMemoryBenchmark,
  networkLoadBenchmark,
  networkSourcesBenchmark,
  networkDistantBenchmark,
  networkSmallFilesBenchmark,
  networkFeedsBenchmark,
  networkIdleBenchmark,
  largeChannelBenchmark,
];

const usage = `Measures speed and memory beside what bounds them physically, and keeps the results in bench/results.

node dist/bench/run.js [--only NAME,NAME] [--dir DIR] [--files COUNT] [--quick]

  --only   some of: ${benchmarks.map(({ name }) => name).join(', ')}
  --dir    where to measure; without it, in memory (/dev/shm) and then on disk (.cache)
  --files  files in the store that is called large; without it 1,000,000 in memory and 100,000 on disk
  --quick  small and few rounds, to see that everything runs; keeps nothing`;

const MiB = 1024 * 1024;
const sizes = {
  rounds: 5,
  fileBytes: 1024 * MiB,
  memoryBytes: 4096 * MiB,
  feedAppends: 1_000,
  feedMessages: 1_000_000,
  feedMemoryMessages: 10_000_000,
  idleSeconds: 600,
};
const quickSizes = {
  rounds: 2,
  fileBytes: 128 * MiB,
  memoryBytes: 512 * MiB,
  feedAppends: 100,
  feedMessages: 50_000,
  feedMemoryMessages: 200_000,
  idleSeconds: 60,
};

const { values } = parseArgs({
  options: { only: { type: 'string' }, dir: { type: 'string' }, files: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
});
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
if (values.help) console.log(usage);
else for (const dir of values.dir ? [resolve(values.dir)] : ['/dev/shm', join(repositoryRoot, '.cache')]) await measureIn(dir);

async function measureIn(parent: string): Promise<void> {
  const facts = machineFacts(parent, await installedPython());
  console.log(`\nIn ${facts.fileSystem === 'memory' ? 'memory' : 'files on disk'} (${parent}), ${String(facts.cores)} cores of ${facts.processor}:`);
  const lines: Line[] = [];
  for (const benchmark of chosen()) {
    const measured = await runApart(benchmark, parent);
    lines.push(...measured);
    if (!values.quick) await keepResults(fileSystemOf(parent), facts, measured, new Date());
  }
  console.log(`\n${formatTable(lines)}`);
}

function chosen(): readonly Benchmark[] {
  const names = values.only?.split(',');
  return names ? benchmarks.filter(({ name }) => names.includes(name)) : benchmarks;
}

async function runApart(benchmark: Benchmark, parent: string): Promise<Line[]> {
  console.error(`… ${benchmark.name}`);
  const dir = await mkdtemp(join(parent, 'kachery-bench-'));
  const remove = (): void => {
    execFileSync('rm', ['-rf', dir]);
  };
  process.once('exit', remove);
  try {
    return await benchmark.run(await settingIn(dir));
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function settingIn(dir: string): Promise<Setting> {
  const python = await installedPython();
  const manyFiles = Number(values.files ?? (values.quick ? 20_000 : fileSystemOf(dir) === 'memory' ? 1_000_000 : 100_000));
  return { dir, python, manyFiles, ...(values.quick ? quickSizes : sizes) };
}
