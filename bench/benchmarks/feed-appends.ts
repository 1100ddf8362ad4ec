import { join } from 'node:path';

import { type Benchmark, type Setting } from '../benchmark.js';
import { syncedPuts } from '../limits/synced-puts.js';
import { type Line, perSecond } from '../line.js';
import { alternate } from '../measure.js';
import { ProcessorMeter } from '../processor-meter.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startFeedWorker, startPythonWorker } from '../processes/workers.js';

const writers = 100;
const batch = 1_000;

/** Appending to feeds, durably: one message after another, a hundred writers at once, and in batches. */
export const feedAppendsBenchmark: Benchmark = { name: 'feed-appends', run };

async function run({ dir, python, rounds, feedAppends }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using worker = startFeedWorker(daemon.environmentOf('neighbour'));
  await using pythonWorker = startPythonWorker(python, daemon.environmentOf('neighbour'));
  const feed = `feed://${String(await worker.call('create'))}`;
  const uris = Array.from({ length: writers }, (_, index) => `${feed}/writer${String(index)}`);
  const meter = new ProcessorMeter(daemon.pid);
  const seconds = await alternate(rounds, {
    puts: (round) => syncedPuts(join(dir, `puts${String(round)}`), feedAppends),
    typescript: meter.count('typescript', () => worker.seconds('appendOneByOne', { uri: `${feed}/typescript`, count: feedAppends })),
    python: meter.count('python', () => pythonWorker.seconds('append_one_by_one', { uri: `${feed}/python`, count: feedAppends })),
    together: meter.count('together', () => worker.seconds('appendTogether', { uris, count: 10 * feedAppends })),
    batches: () => worker.seconds('appendBatches', { uri: `${feed}/batches`, count: 100 * feedAppends, batch }),
    pythonBatches: () => pythonWorker.seconds('append_batches', { uri: `${feed}/batches`, count: 100 * feedAppends, batch }),
  });
  const limit = { ...perSecond('appends/s', feedAppends, seconds.puts), of: 'synced level puts, one after another' };
  const notes = (name: string) => ({ daemonProcessorSeconds: meter.secondsOf(name) });
  return [
    {
      name: 'append-typescript',
      work: 'durable appends one after another, TypeScript',
      measured: perSecond('appends/s', feedAppends, seconds.typescript),
      limit,
      target: { of: 'ratio', bound: 'at least', amount: 0.5 },
      notes: notes('typescript'),
    },
    {
      name: 'append-python',
      work: 'durable appends one after another, Python',
      measured: perSecond('appends/s', feedAppends, seconds.python),
      limit,
      target: { of: 'ratio', bound: 'at least', amount: 0.5 },
      notes: notes('python'),
    },
    {
      name: 'append-together',
      work: `durable appends of ${String(writers)} writers to ${String(writers)} subfeeds`,
      measured: perSecond('appends/s', 10 * feedAppends, seconds.together),
      limit,
      target: { of: 'ratio', bound: 'at least', amount: 5 },
      notes: notes('together'),
    },
    {
      name: 'append-batches',
      work: `appends in batches of ${String(batch)} messages, TypeScript`,
      measured: perSecond('messages/s', 100 * feedAppends, seconds.batches),
      target: { of: 'value', bound: 'at least', amount: 50_000 },
    },
    {
      name: 'append-batches-python',
      work: `appends in batches of ${String(batch)} messages, Python`,
      measured: perSecond('messages/s', 100 * feedAppends, seconds.pythonBatches),
      target: { of: 'value', bound: 'at least', amount: 50_000 },
    },
  ];
}
