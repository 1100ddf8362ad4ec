import { createHash } from 'node:crypto';

import { type ContentId, parseContentId } from '../../src/core/content-id.js';
import { costs } from './costs.js';
import { SimulatedChannel } from './simulated-channel.js';
import { type SimulatedNode } from './simulated-node.js';

/** What is simulated. */
export interface SimulationOptions {
  readonly members: number;
  readonly filesOfNode: number;
  readonly finds: number;
  /** Share of the members that are away while others announce, and of others while files are looked for. */
  readonly awayShare: number;
  readonly seed?: number;
}

/** What came of it. Times are simulated. */
export interface SimulationResult {
  /** Until all members that started together, knowing only one of them, had their connections and had announced their files. */
  readonly coldStartMs: number;
  /** The same for one that joins later, and until another one found a file that it has. */
  readonly joinMs: number;
  /** Of each file that was found, the messages that it cost, and how long it took. */
  readonly findMessages: readonly number[];
  readonly findMs: readonly number[];
  /** Files whose owner was there and was not found, although a member who was there knew it: a defect. */
  readonly missed: number;
  /** The same, where all who knew it were away. */
  readonly forgotten: number;
  /** Of each file that nobody has. */
  readonly missMessages: readonly number[];
  readonly linksOfNode: readonly number[];
  readonly recordsOfNode: readonly number[];
  /** Messages and bytes of the first round of announcing, of a node. */
  readonly roundMessages: number;
  readonly roundBytes: number;
  /** Bytes an hour of a node for its connections and a round every eleven hours. */
  readonly upkeepBytesOfHour: number;
}

const maxMs = 30 * 60_000;

/** Lets a channel come up from nothing, members go and come, one join, and files be found. */
export async function simulateChannel({ members, filesOfNode, finds, awayShare, seed = 1 }: SimulationOptions): Promise<SimulationResult> {
  const world = new SimulatedChannel(members, seed);
  const [joiner, ...others] = world.nodes.toReversed() as [SimulatedNode, ...SimulatedNode[]];
  world.setAway(world.some(awayShare));
  joiner.isAway = false;
  for (const node of world.nodes) for (let number = 0; number < filesOfNode; number += 1) node.files.add(fileOf(node, number));
  const coldStartMs = await joined(world, others);
  const present = others.filter(({ isAway }) => !isAway);
  const roundMessages = mean(present.map(({ messages }) => messages));
  const roundBytes = mean(present.map(({ bytes }) => bytes));
  await world.time.runUntil(() => false, 60_000);
  const joinMs = await joined(world, [joiner], present[0]);
  const holders = [...present];
  // Those who were away while others announced are back, and others are not.
  world.setAway(world.some(awayShare));
  joiner.isAway = false;
  await joined(world, others);
  await world.time.runUntil(() => false, 5 * 60_000);
  const found = await findAll(world, finds, () =>
    fileOf(
      chosen(
        world,
        holders.filter(({ isAway }) => !isAway),
      ),
      Math.floor(world.random() * filesOfNode),
    ),
  );
  const inVain = await findAll(world, Math.ceil(finds / 10), () => idOf(`nobody has ${String(world.random())}`));
  const linksOfNode = present.map(({ links }) => links.size);
  const pulseBytes = mean(linksOfNode) * 60 * costs.pulseBytes;
  return {
    ...{ coldStartMs, joinMs, roundMessages, roundBytes, linksOfNode },
    findMessages: found.flatMap(({ isFound, messages }) => (isFound ? [messages] : [])),
    findMs: found.flatMap(({ isFound, tookMs }) => (isFound ? [tookMs] : [])),
    missed: found.filter(({ isFound, isKnown }) => !isFound && isKnown).length,
    forgotten: found.filter(({ isFound, isKnown }) => !isFound && !isKnown).length,
    missMessages: inVain.map(({ messages }) => messages),
    recordsOfNode: present.map(({ records }) => records.size),
    upkeepBytesOfHour: pulseBytes + roundBytes / 11,
  };
}

async function joined(world: SimulatedChannel, nodes: readonly SimulatedNode[], finder?: SimulatedNode): Promise<number> {
  const startMs = world.time.now();
  const waiting = new Set(nodes.filter(({ isAway }) => !isAway));
  for (const node of nodes) node.startOnce();
  await world.time.runUntil(() => {
    for (const node of waiting) {
      if (!node.hasJoined) return false;
      waiting.delete(node);
    }
    return true;
  }, maxMs);
  if (waiting.size > 0) throw new Error(`${String(waiting.size)} of ${String(nodes.length)} nodes have not joined in ${String(maxMs / 60_000)} minutes`);
  const [node] = nodes;
  if (finder && node) {
    const seen = { isFound: false, isOver: false };
    const looking = finder.find(fileOf(node, 0)).then((nodeId) => {
      seen.isFound = nodeId === node.ownId;
      seen.isOver = true;
    });
    await world.time.runUntil(() => seen.isOver, maxMs);
    await looking;
    if (!seen.isFound) throw new Error('a file of the node that joined was not found');
  }
  return world.time.now() - startMs;
}

interface Find {
  readonly isFound: boolean;
  /** Whether a member who is there keeps a record of it. */
  readonly isKnown: boolean;
  readonly messages: number;
  readonly tookMs: number;
}

async function findAll(world: SimulatedChannel, count: number, idToFind: () => ContentId): Promise<readonly Find[]> {
  const results: Find[] = [];
  for (let number = 0; number < count; number += 1) {
    const id = idToFind();
    const finder = chosen(
      world,
      world.nodes.filter(({ isAway, files }) => !isAway && !files.has(id)),
    );
    const [startMs, before] = [world.time.now(), finder.messages];
    const state: { result?: Find } = {};
    const looking = finder.find(id).then((nodeId) => {
      state.result = { isFound: nodeId !== undefined, isKnown: world.isKnown(id), messages: finder.messages - before, tookMs: world.time.now() - startMs };
    });
    await world.time.runUntil(() => state.result !== undefined, maxMs);
    await looking;
    results.push(state.result!);
  }
  return results;
}

function chosen<T>({ random }: SimulatedChannel, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

function fileOf({ index }: SimulatedNode, number: number): ContentId {
  return idOf(`${String(index)}/${String(number)}`);
}

function idOf(text: string): ContentId {
  return parseContentId(createHash('sha1').update(text).digest('hex'));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
