import { setTimeout as pause } from 'node:timers/promises';

import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, type Quantity } from '../line.js';
import { median } from '../measure.js';
import { startBenchNetwork } from '../processes/bench-network.js';
import { processorSeconds } from '../processor-seconds.js';

const nodeCount = 10;
/** How long after they are connected the nodes may still be busy with getting to know each other. */
const settleMs = 15_000;

/** What ten connected nodes cost that have nothing to do: what each sends, and the processor time that it takes. */
export const networkIdleBenchmark: Benchmark = { name: 'network-idle', run };

async function run({ dir, idleSeconds }: Setting): Promise<Line[]> {
  await using network = await startBenchNetwork(dir, nodeCount);
  await pause(settleMs);
  const spentSeconds = (): readonly number[] => network.nodes.map(({ pid }) => processorSeconds(pid));
  const sentBefore = await network.sentBytes();
  const spentBefore = spentSeconds();
  const startMs = performance.now();
  await pause(idleSeconds * 1000);
  const seconds = (performance.now() - startMs) / 1000;
  // Asking them costs processor time, too.
  const spent = differences(spentBefore, spentSeconds());
  const sent = differences(sentBefore, await network.sentBytes());
  const notes = { nodes: nodeCount, seconds: Math.round(seconds) };
  return [
    {
      name: 'network-idle-processor',
      work: `processor time of each of ${String(nodeCount)} idle nodes`,
      measured: quantity(
        spent.map((each) => (each / seconds) * 100),
        '% CPU',
      ),
      target: { of: 'value', bound: 'at most', amount: 0.5 },
      notes,
    },
    {
      name: 'network-idle-bytes',
      work: `what each of ${String(nodeCount)} idle nodes sends`,
      measured: quantity(
        sent.map((each) => each / seconds),
        'bytes/s',
      ),
      target: { of: 'value', bound: 'at most', amount: 1_000 },
      notes,
    },
  ];
}

function differences(before: readonly number[], after: readonly number[]): readonly number[] {
  return after.map((value, index) => value - (before[index] ?? 0));
}

function quantity(samples: readonly number[], unit: Quantity['unit']): Quantity {
  return { value: median(samples), unit, samples };
}
