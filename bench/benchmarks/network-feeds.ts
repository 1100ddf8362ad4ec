import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, milliseconds } from '../line.js';
import { type BenchDaemon } from '../processes/bench-daemon.js';
import { startBenchNetwork } from '../processes/bench-network.js';
import { startFeedWorker } from '../processes/workers.js';

const count = 10_000;
/** Who append at once while a subfeed is filled; each of the messages is an append of its own. */
const writers = 100;
const pauseMs = 5;

/** Following a feed of another node: from its beginning, and live. */
export const networkFeedsBenchmark: Benchmark = { name: 'network-feeds', run };

async function run({ dir, rounds, feedAppends }: Setting): Promise<Line[]> {
  await using network = await startBenchNetwork(dir, 2);
  const [owner, reader] = network.nodes;
  if (!owner || !reader) throw new Error('no nodes');
  return [...(await fromTheBeginning(owner, reader, rounds)), ...(await live(owner, reader, feedAppends))];
}

/** Every round has a subfeed of its own, for what came once is not fetched again; the rounds at the owner show what of it is not the network's. */
async function fromTheBeginning(owner: BenchDaemon, reader: BenchDaemon, rounds: number): Promise<Line[]> {
  await using writer = startFeedWorker(owner.environmentOf('owner'));
  await using local = startFeedWorker(owner.environmentOf('owner'));
  await using distant = startFeedWorker(reader.environmentOf('owner'));
  const feedId = String(await writer.call('create'));
  const [localSeconds, distantSeconds]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const uri = `feed://${feedId}/${String(round)}`;
    await writer.call('appendTogether', { uris: Array<string>(writers).fill(uri), count });
    const [here, there] = [await local.seconds('follow', { uri, position: 0, count }), await distant.seconds('follow', { uri, position: 0, count })];
    if (round === 0) continue;
    localSeconds.push(here);
    distantSeconds.push(there);
  }
  return [
    {
      name: 'network-follow',
      work: `follow ${String(count)} messages of another node, from the first`,
      measured: milliseconds(distantSeconds),
      limit: { ...milliseconds(localSeconds), of: "following them on the owner's node" },
      target: { of: 'value', bound: 'at most', amount: 500 },
    },
  ];
}

async function live(owner: BenchDaemon, reader: BenchDaemon, appends: number): Promise<Line[]> {
  await using writer = startFeedWorker(owner.environmentOf('owner'));
  await using follower = startFeedWorker(reader.environmentOf('owner'));
  const uri = `feed://${String(await writer.call('create'))}/live`;
  const warmUp = Math.ceil(appends / 10);
  const all = warmUp + appends;
  const [delaysMs] = await Promise.all([follower.call('delays', { uri, count: all }), writer.call('appendStamped', { uri, count: all, pauseMs })]);
  const sorted = (delaysMs as number[]).slice(warmUp).toSorted((one, other) => one - other);
  const line = (name: string, part: number, amount: number): Line => ({
    name: `network-deliver-${name}`,
    work: `append to delivery at a follower on another node, ${name}`,
    measured: { value: at(sorted, part), unit: 'ms', samples: [at(sorted, part)] },
    target: { of: 'value', bound: 'at most', amount },
    notes: { appends },
  });
  return [line('p50', 0.5, 10), line('p99', 0.99, 50)];
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(part * sorted.length)] ?? NaN;
}
