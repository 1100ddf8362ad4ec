import { type Benchmark, type Setting } from '../benchmark.js';
import { verifyMessages } from '../limits/verify-messages.js';
import { type Line, milliseconds, perSecond } from '../line.js';
import { alternate } from '../measure.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startFeedWorker, startPythonWorker } from '../processes/workers.js';

/** Reading a long subfeed, verifying it, and opening it after a restart of the daemon. */
export const feedReadingBenchmark: Benchmark = { name: 'feed-reading', run };

async function run({ dir, python, rounds, feedMessages }: Setting): Promise<Line[]> {
  const uri = await fill(dir, feedMessages);
  const openSeconds: number[] = [];
  for (let round = 0; round < rounds; round++) openSeconds.push(await openAfterRestart(dir, uri));
  await using daemon = await startBenchDaemon(dir);
  await using worker = startFeedWorker(daemon.environmentOf('neighbour'));
  await using pythonWorker = startPythonWorker(python, daemon.environmentOf('neighbour'));
  const verification = verifyMessages(feedMessages);
  const seconds = await alternate(rounds, {
    typescript: () => worker.seconds('read', { uri, count: feedMessages }),
    python: () => pythonWorker.seconds('read_messages', { uri, count: feedMessages }),
    verify: verification.verify,
    hashes: verification.hashes,
  });
  return [
    {
      name: 'read-messages-typescript',
      work: `reading ${String(feedMessages)} messages, TypeScript`,
      measured: perSecond('messages/s', feedMessages, seconds.typescript),
      target: { of: 'value', bound: 'at least', amount: 200_000 },
    },
    {
      name: 'read-messages-python',
      work: `reading ${String(feedMessages)} messages, Python`,
      measured: perSecond('messages/s', feedMessages, seconds.python),
      target: { of: 'value', bound: 'at least', amount: 100_000 },
    },
    {
      name: 'verify-messages',
      work: `verifying ${String(feedMessages)} messages`,
      measured: milliseconds(seconds.verify),
      limit: { ...milliseconds(seconds.hashes), of: 'SHA-256 of the same bytes in as many calls' },
      target: { of: 'ratio', bound: 'at most', amount: 3 },
    },
    {
      name: 'open-feed',
      work: `opening a feed of ${String(feedMessages)} messages after a restart`,
      measured: milliseconds(openSeconds),
      target: { of: 'value', bound: 'at most', amount: 50 },
    },
  ];
}

async function fill(dir: string, count: number): Promise<string> {
  await using daemon = await startBenchDaemon(dir);
  await using worker = startFeedWorker(daemon.environmentOf('neighbour'));
  const uri = `feed://${String(await worker.call('create'))}/long`;
  await worker.call('appendBatches', { uri, count, batch: 1_000 });
  return uri;
}

async function openAfterRestart(dir: string, uri: string): Promise<number> {
  await using daemon = await startBenchDaemon(dir);
  await using worker = startFeedWorker(daemon.environmentOf('neighbour'));
  await worker.call('warm');
  return await worker.seconds('open', { uri });
}
