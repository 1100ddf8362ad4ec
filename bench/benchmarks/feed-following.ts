import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line } from '../line.js';
import { startBenchDaemon } from '../processes/bench-daemon.js';
import { startFeedWorker } from '../processes/workers.js';

const pauseMs = 5;

/** From the begin of an append in one process to the delivery in another that follows the subfeed. */
export const feedFollowingBenchmark: Benchmark = { name: 'feed-following', run };

async function run({ dir, feedAppends }: Setting): Promise<Line[]> {
  await using daemon = await startBenchDaemon(dir);
  await using writer = startFeedWorker(daemon.environmentOf('neighbour'));
  await using follower = startFeedWorker(daemon.environmentOf('neighbour'));
  const uri = `feed://${String(await writer.call('create'))}/live`;
  const warmUp = Math.ceil(feedAppends / 10);
  const count = warmUp + feedAppends;
  const [delaysMs] = await Promise.all([follower.call('delays', { uri, count }), writer.call('appendStamped', { uri, count, pauseMs })]);
  const sorted = (delaysMs as number[]).slice(warmUp).toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(part * sorted.length)] ?? NaN;
  const line = (name: string, part: number, amount: number): Line => ({
    name: `deliver-${name}`,
    work: `append to delivery at a local follower, ${name}`,
    measured: { value: at(part), unit: 'ms', samples: [at(part)] },
    target: { of: 'value', bound: 'at most', amount },
    notes: { appends: feedAppends },
  });
  return [line('p50', 0.5, 3), line('p99', 0.99, 15)];
}
