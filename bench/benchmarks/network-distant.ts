import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, milliseconds, rates } from '../line.js';
import { chunkSizeBytes } from '../../src/core/manifest.js';
import { alternate } from '../measure.js';
import { startBenchNetwork } from '../processes/bench-network.js';
import { type ReadyProcess } from '../processes/ready-process.js';
import { startForwarder, startTypescriptWorker } from '../processes/workers.js';
import { writeRandomFile } from '../write-random-file.js';

const MiB = 1024 * 1024;
const delayMs = 25;
const lineBytesPerSecond = 125_000_000;
const pieceBytes = MiB;

/** Loading a file, and a range of one, through a line of 50 ms of round trip and 1 Gbit/s. */
export const networkDistantBenchmark: Benchmark = { name: 'network-distant', run };

async function run({ dir, rounds, fileBytes }: Setting): Promise<Line[]> {
  let forwarder: ReadyProcess<{ port: number }> | undefined;
  const bootstrapPort = async (port: number): Promise<number> => {
    forwarder = await startForwarder(port, delayMs, lineBytesPerSecond);
    return forwarder.facts.port;
  };
  // Nodes that nobody can connect to but over the forwarder do not find a shorter way.
  const flags = (index: number): string[] => (index === 0 ? [] : ['--peer-host', 'none']);
  await using network = await startBenchNetwork(dir, 2, { flags, bootstrapPort });
  await using _line = forwarder;
  const [source, reader] = network.nodes;
  if (!source || !reader) throw new Error('no nodes');
  await using sourceWorker = startTypescriptWorker(source.environmentOf('owner'));
  // Parts of a file that is not here as a whole are read through the daemon.
  await using localWorker = startTypescriptWorker(source.environmentOf('distant'));
  await using readerWorker = startTypescriptWorker(reader.environmentOf('owner'));
  const path = join(dir, 'large.bin');
  await writeRandomFile(path, fileBytes);
  const { uri } = (await sourceWorker.call('store', { path })) as { uri: string };
  const rangeOf = (round: number): { start: number; end: number } => {
    const start = Math.floor(chunkSizeBytes * (round * 2 + 0.5)) % (fileBytes - pieceBytes);
    return { start, end: start + pieceBytes };
  };
  const ranges = await alternate(Math.min(rounds, 3), {
    cold: (round) => readerWorker.seconds('loadBytes', { uri, ...rangeOf(round) }),
    again: (round) => readerWorker.seconds('loadBytes', { uri, ...rangeOf(round) }),
    local: (round) => localWorker.seconds('loadBytes', { uri, ...rangeOf(round) }),
  });
  const whole = await alternate(Math.min(rounds, 2), {
    load: async () => {
      const taken = await readerWorker.seconds('load', { uri });
      await readerWorker.call('delete', { uri });
      return taken;
    },
  });
  const idealColdSeconds = chunkSizeBytes / lineBytesPerSecond + (2 * 2 * delayMs) / 1000;
  return [
    {
      name: 'network-distant',
      work: 'load a large file over 50 ms and 1 Gbit/s',
      measured: rates(fileBytes, whole.load),
      limit: { ...rates(fileBytes, [fileBytes / lineBytesPerSecond]), of: 'the line' },
      target: { of: 'ratio', bound: 'at least', amount: 0.8 },
    },
    {
      name: 'network-range-cold',
      work: '1 MiB somewhere in that file, for the first time',
      measured: milliseconds(ranges.cold),
      limit: { ...milliseconds([idealColdSeconds]), of: 'one chunk over the line, and 2 round trips' },
      target: { of: 'ratio', bound: 'at most', amount: 1.1 },
    },
    {
      name: 'network-range-again',
      work: 'the same again',
      measured: milliseconds(ranges.again),
      limit: { ...milliseconds(ranges.local), of: 'the same from the daemon that stores it' },
      target: { of: 'ratio', bound: 'at most', amount: 1.5 },
    },
  ];
}
