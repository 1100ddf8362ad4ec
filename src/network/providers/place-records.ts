import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type IndexNetwork } from './index-network.js';
import { type IndexTiming } from './index-timing.js';
import { type IndexedChannel } from './indexed-channel.js';
import { keysByPart } from './keys-by-part.js';
import { type MemberReach } from './member-reach.js';
import { type ProviderRecords } from './provider-records.js';
import { type RecordKey } from './record-key.js';

/** What placing records works with. */
export interface RecordPlacementParts {
  readonly network: IndexNetwork;
  readonly reach: MemberReach;
  readonly records: ProviderRecords;
}

/** How fast records are placed. */
export interface PlacementPace {
  /** Members that are told at a time. */
  readonly parallel: number;
  /** How long the pauses between members may take, all together. */
  readonly spreadMs: number;
  /** Resolves after so long, or when nothing is to be placed any more. */
  readonly pause: (pauseMs: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What came of placing records. */
export interface PlacedRecords {
  /** How often a member took what there is of one part of the index. */
  readonly placed: number;
  /** Parts of which fewer members have heard than should. */
  readonly incomplete: readonly number[];
}

/**
 * Tells the records of this node's contents in a channel to those members who keep them; the next ones in the order stand in for those that cannot be reached.
 * Never fails.
 */
export async function placeRecords(
  channel: IndexedChannel,
  keys: readonly RecordKey[],
  parts: RecordPlacementParts,
  timing: IndexTiming,
  pace: PlacementPace,
): Promise<PlacedRecords> {
  const byPart = keysByPart(keys);
  const tried = new Map<number, number>([...byPart.keys()].map((part) => [part, timing.copies]));
  let wave = new Map<NodeId, number[]>();
  for (const part of byPart.keys()) for (const nodeId of channel.ranking.first(part, timing.copies)) addTo(wave, nodeId, part);
  const keepers = new Map<number, number>();
  const pauseMs = Math.min(timing.maxPauseMs, Math.max(timing.leastPauseMs, (pace.spreadMs / Math.max(1, wave.size)) * pace.parallel));
  while (wave.size > 0 && !pace.signal.aborted) {
    const failed: number[] = [];
    const targets = [...wave];
    const work = async (): Promise<void> => {
      for (let target = targets.pop(); target && !pace.signal.aborted; target = targets.pop()) {
        const [nodeId, toldParts] = target;
        const told = toldParts.flatMap((part) => byPart.get(part) ?? []);
        if (await tell(nodeId, channel, told, parts, pace.signal)) for (const part of toldParts) keepers.set(part, (keepers.get(part) ?? 0) + 1);
        else failed.push(...toldParts);
        if (targets.length > 0) await pace.pause(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: pace.parallel }, work));
    wave = standIns(channel, failed, tried, timing);
  }
  const wanted = Math.min(timing.copies, channel.ranking.size);
  const incomplete = [...byPart.keys()].filter((part) => (keepers.get(part) ?? 0) < wanted);
  return { placed: [...keepers.values()].reduce((sum, count) => sum + count, 0), incomplete };
}

function standIns(channel: IndexedChannel, failed: readonly number[], tried: Map<number, number>, { copies, standIns }: IndexTiming): Map<NodeId, number[]> {
  const wave = new Map<NodeId, number[]>();
  for (const part of failed) {
    const position = tried.get(part) ?? copies;
    const next = channel.ranking.first(part, copies + standIns)[position];
    tried.set(part, position + 1);
    if (next !== undefined) addTo(wave, next, part);
  }
  return wave;
}

async function tell(
  nodeId: NodeId,
  { tag }: IndexedChannel,
  keys: readonly RecordKey[],
  { network, reach, records }: RecordPlacementParts,
  signal: AbortSignal,
): Promise<boolean> {
  if (nodeId === network.ownId) return records.add(tag, nodeId, keys) > 0;
  if (reach.isDoubtful(nodeId) || !(await reach.reach(nodeId, { signal }))) return false;
  try {
    let kept = 0;
    for (let from = 0; from < keys.length; from += limits.maxRecordKeys) {
      kept += await network.announce(nodeId, tag, keys.slice(from, from + limits.maxRecordKeys), { signal });
    }
    return kept > 0;
  } catch {
    if (!signal.aborted) reach.doubt(nodeId);
    return false;
  }
}

function addTo(wave: Map<NodeId, number[]>, nodeId: NodeId, part: number): void {
  const parts = wave.get(nodeId);
  if (parts) parts.push(part);
  else wave.set(nodeId, [part]);
}
