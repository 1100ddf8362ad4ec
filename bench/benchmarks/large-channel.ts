import { type Benchmark, type Setting } from '../benchmark.js';
import { type Line, type Quantity } from '../line.js';
import { median } from '../measure.js';
import { simulateChannel, type SimulationResult } from '../simulation/simulate-channel.js';

const filesOfNode = 20;
const awayShare = 0.2;

/** Channels of many members, simulated: what a find, joining and upkeep cost. */
export const largeChannelBenchmark: Benchmark = { name: 'large-channel', run };

async function run({ rounds }: Setting): Promise<Line[]> {
  const isQuick = rounds < 3;
  const lines: Line[] = [];
  for (const members of isQuick ? [100, 300] : [100, 1_000, 5_000]) {
    lines.push(...linesOf(members, await simulateChannel({ members, filesOfNode, finds: isQuick ? 50 : 500, awayShare })));
  }
  return lines;
}

function linesOf(members: number, result: SimulationResult): Line[] {
  const name = `large-channel-${String(members)}`;
  const channel = `in a channel of ${String(members)} members, a fifth away (simulated)`;
  return [
    {
      name: `${name}-find`,
      work: `find a file ${channel}`,
      measured: quantity('messages', result.findMessages),
      target: { of: 'value', bound: 'at most', amount: 50 },
      notes: {
        p99Messages: percentile(result.findMessages, 0.99),
        medianMs: median(result.findMs),
        p99Ms: percentile(result.findMs, 0.99),
        missed: result.missed,
        forgotten: result.forgotten,
        inVainMessages: median(result.missMessages),
      },
    },
    {
      name: `${name}-join`,
      work: `join ${channel}`,
      measured: quantity('ms', [result.joinMs]),
      target: { of: 'value', bound: 'at most', amount: 30_000 },
      notes: { allAtOnceMs: result.coldStartMs },
    },
    {
      name: `${name}-upkeep`,
      work: `keep connections and records ${channel}, a node an hour`,
      measured: quantity('KiB', [result.upkeepBytesOfHour / 1024]),
      notes: {
        roundMessages: result.roundMessages,
        roundKiB: result.roundBytes / 1024,
        links: median(result.linksOfNode),
        mostLinks: Math.max(...result.linksOfNode),
        records: median(result.recordsOfNode),
        mostRecords: Math.max(...result.recordsOfNode),
      },
    },
  ];
}

function quantity(unit: Quantity['unit'], samples: readonly number[]): Quantity {
  return { value: median(samples), unit, samples };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
