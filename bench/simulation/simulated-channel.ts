import { createHash } from 'node:crypto';

import { type Clock } from '../../src/core/clock.js';
import { type NodeId, parseNodeId } from '../../src/core/node-id.js';
import { channelTag } from '../../src/network/channels/channel-tag.js';
import { type IndexedChannel } from '../../src/network/providers/indexed-channel.js';
import { type RecordedId, recordKey } from '../../src/network/providers/record-key.js';
import { RendezvousRanking } from '../../src/network/providers/rendezvous-ranking.js';
import { seededRandom } from './seeded-random.js';
import { SimulatedNode } from './simulated-node.js';
import { SimulatedTime } from './simulated-time.js';
import { type SimulatedWorld } from './simulated-world.js';

/** A channel whose members are connected in memory, with time that is simulated. The first member is its bootstrap address. */
export class SimulatedChannel implements SimulatedWorld<SimulatedNode> {
  readonly time = new SimulatedTime();
  readonly random: () => number;
  readonly channel: IndexedChannel;
  readonly nodes: readonly SimulatedNode[];
  private readonly byId: ReadonlyMap<NodeId, SimulatedNode>;

  constructor(members: number, seed = 1) {
    this.random = seededRandom(seed);
    const address = 'https://example.org/simulated.yaml';
    const nodeIds = Array.from({ length: members }, (_, index) =>
      parseNodeId(
        createHash('sha256')
          .update(`${String(seed)}/${String(index)}`)
          .digest('hex'),
      ),
    );
    this.channel = { address, tag: channelTag(address), ranking: new RendezvousRanking(nodeIds) };
    this.nodes = nodeIds.map((nodeId, index) => new SimulatedNode(nodeId, index, this));
    this.byId = new Map(this.nodes.map((node) => [node.ownId, node]));
  }

  /** Its clock. */
  get clock(): Clock {
    return this.time;
  }

  /** A member. */
  node(nodeId: NodeId): SimulatedNode {
    return this.byId.get(nodeId)!;
  }

  /** Where all can be reached first. */
  get bootstrap(): SimulatedNode {
    return this.nodes[0]!;
  }

  /** Time from one node to another. */
  delayMs(): number {
    return 5 + this.random() * 55;
  }

  /** Lets each of these nodes be away from now on, and all others be there. The bootstrap member stays. */
  setAway(away: ReadonlySet<SimulatedNode>): void {
    for (const node of this.nodes) node.isAway = away.has(node) && node !== this.bootstrap;
    for (const node of this.nodes) if (node.isAway) node.loseAll();
  }

  /** Whether a member who is there keeps a record of who has a content. */
  isKnown(id: RecordedId): boolean {
    const { address, tag } = this.channel;
    const key = recordKey(address, id);
    return this.nodes.some(({ isAway, records }) => !isAway && (records.find(tag, [key])[0] ?? []).length > 0);
  }

  /** A share of the nodes that are there, by chance. */
  some(share: number): ReadonlySet<SimulatedNode> {
    return new Set(this.nodes.filter(() => this.random() < share));
  }
}
