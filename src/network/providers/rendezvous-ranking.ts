import { type NodeId } from '../../core/node-id.js';

/** Room for the index of a node below its score, so that both sort as one number. */
const indexRoom = 2 ** 20;
/** Orders that are remembered. */
const maxRemembered = 1_024;

/**
 * Places nodes in an order that differs from point to point and is the same for all who know the same nodes (rendezvous hashing): each node is as often among
 * the first as any other, and one that comes or goes changes no more than its own places.
 */
export class RendezvousRanking {
  private readonly nodeIds: readonly NodeId[];
  private readonly seeds: Uint32Array;
  private readonly remembered = new Map<string, readonly NodeId[]>();

  constructor(nodeIds: Iterable<NodeId>) {
    this.nodeIds = [...nodeIds];
    this.seeds = Uint32Array.from(this.nodeIds.flatMap((nodeId) => [wordOf(nodeId, 0), wordOf(nodeId, 8)]));
  }

  /** How many nodes there are. */
  get size(): number {
    return this.nodeIds.length;
  }

  /** The first `count` nodes for a point, a whole number below 2 ** 32. */
  first(point: number, count: number): readonly NodeId[] {
    const name = `${String(point)}/${String(count)}`;
    const known = this.remembered.get(name);
    if (known) return known;
    const order = this.order(point).slice(0, count);
    if (this.remembered.size >= maxRemembered) this.remembered.clear();
    this.remembered.set(name, order);
    return order;
  }

  /** All nodes in the order of the point that a node itself stands for: whom it keeps connections with. */
  around(nodeId: NodeId): readonly NodeId[] {
    return this.order(wordOf(nodeId, 16)).filter((other) => other !== nodeId);
  }

  private order(point: number): readonly NodeId[] {
    const spread = mix(point + 1);
    const scores = Float64Array.from(this.nodeIds, (_, index) => this.score(index, spread) * indexRoom + index);
    return [...scores.sort()].reverse().flatMap((score) => this.nodeIds[score % indexRoom] ?? []);
  }

  private score(index: number, spread: number): number {
    return mix(mix((this.seeds[2 * index] ?? 0) ^ spread) ^ (this.seeds[2 * index + 1] ?? 0));
  }
}

/** 32 bits of a node id: a public key is as good as random. */
function wordOf(nodeId: NodeId, from: number): number {
  return Number.parseInt(nodeId.slice(from, from + 8), 16);
}

/** The finalizer of MurmurHash3: each bit of the result depends on each of `word`. */
function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
