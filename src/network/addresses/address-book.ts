import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type AddressReach } from './address-reach.js';
import { type KnownAddress, readKnownAddresses, writeKnownAddresses } from './known-addresses-file.js';
import { parseDhtAddress } from '../dht/dht-address.js';
import { NodeAddresses, type NodeAddressOrigin } from './node-addresses.js';
import { parseNetworkAddress } from './network-address.js';

/** An address of which nobody says whose node is there. */
export interface Seed {
  /** As `host:port`, or as a carrier writes it. */
  readonly address: string;
  /** The node that was there the last time; undefined if none was met yet. */
  readonly nodeId: NodeId | undefined;
  /** Who says so; the most trustworthy if several do. */
  readonly origin: SeedOrigin;
}

/** Who says that there are nodes at some addresses: the node's owner, the joined channels, this machine's network, or the DHT. The first is tried first. */
const seedOrigins = ['static', 'bootstrap', 'lan', 'dht'] as const;

/** One of these. */
export type SeedOrigin = (typeof seedOrigins)[number];

/** What an address book needs beside its file. */
export interface AddressBookParts {
  readonly clock: Clock;
  readonly log: StructuredLog;
}

/** How long after a change the file is written. */
const saveAfterMs = 5_000;

/** Where other nodes can be reached, as far as this node was told or has found out. What worked is kept in a file, so that a restart connects at once. */
export class AddressBook {
  private readonly nodes = new Map<NodeId, NodeAddresses>();
  private readonly seedsByOrigin = new Map<SeedOrigin, readonly string[]>();
  private readonly watchers = new Set<() => void>();
  private readonly metAt = new Map<string, NodeId>();
  private saveTimer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string | undefined,
    private readonly parts: AddressBookParts,
  ) {}

  /** The book kept in `path`; what cannot be read of it is forgotten. Without a path, nothing is kept. */
  static async open(path: string | undefined, parts: AddressBookParts): Promise<AddressBook> {
    const book = new AddressBook(path, parts);
    const known = path === undefined ? [] : await readKnownAddresses(path, parts.log);
    for (const { nodeId, address, workedAtMs } of known) book.addressesOfNode(nodeId)?.noteSuccess(address, Math.min(workedAtMs, parts.clock.now()));
    return book;
  }

  /** Says where nodes may be without saying whose they are; what the same origin said before is forgotten. Malformed addresses are left out. */
  setSeeds(origin: SeedOrigin, addresses: readonly string[]): void {
    const kept = addresses.filter((address) => parseNetworkAddress(address) ?? parseDhtAddress(address)).slice(0, limits.maxChannelNodes);
    const before = this.seedsByOrigin.get(origin) ?? [];
    if (kept.length === before.length && kept.every((address) => before.includes(address))) return;
    this.seedsByOrigin.set(origin, kept);
    const seeds = new Set([...this.seedsByOrigin.values()].flat());
    for (const address of this.metAt.keys()) if (!seeds.has(address)) this.metAt.delete(address);
    for (const watcher of this.watchers) watcher();
  }

  /** All addresses of which nobody says whose node is there, those that the owner gave first, each once. */
  seeds(): readonly Seed[] {
    const origins = new Map<string, SeedOrigin>();
    for (const origin of seedOrigins) for (const address of this.seedsByOrigin.get(origin) ?? []) if (!origins.has(address)) origins.set(address, origin);
    return [...origins].map(([address, origin]) => ({ address, origin, nodeId: this.metAt.get(address) }));
  }

  /** What is said of this address, if the node's owner, a joined channel, or one of the others names it that tell addresses without saying whose they are. */
  seedAt(address: string): Seed | undefined {
    const origin = seedOrigins.find((each) => this.seedsByOrigin.get(each)?.includes(address));
    return origin && { address, origin, nodeId: this.metAt.get(address) };
  }

  /** Calls `onChange` when there are other addresses of which nobody says whose node is there, until the function that it returns is called. */
  watchSeeds(onChange: () => void): () => void {
    const watcher = (): void => {
      onChange();
    };
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Says where a node may be reached. What it told itself before is forgotten, unless it worked; malformed addresses, and those over the limit, are left out. */
  learn(nodeId: NodeId, addresses: readonly string[], origin: NodeAddressOrigin): void {
    const kept = addresses.filter((address) => parseNetworkAddress(address)).slice(0, limits.maxNodeAddresses);
    this.addressesOfNode(nodeId)?.learn(kept, origin);
  }

  /** Says whose node answers at an address of which nobody said that. */
  noteMet(nodeId: NodeId, address: string): void {
    if (this.seedAt(address)) this.metAt.set(address, nodeId);
  }

  /** Says that the node was found at this address. */
  noteSuccess(nodeId: NodeId, address: string): void {
    this.noteMet(nodeId, address);
    if (!parseNetworkAddress(address)) return;
    this.addressesOfNode(nodeId)?.noteSuccess(address, this.parts.clock.now());
    this.saveSoon();
  }

  /** Says that the node could not be reached at this address, or that another one is there. */
  noteFailure(nodeId: NodeId, address: string): void {
    if (this.metAt.get(address) === nodeId) this.metAt.delete(address);
    this.nodes.get(nodeId)?.noteFailure(address, this.parts.clock.now());
  }

  /** Where the node may be reached, the most promising first. */
  addressesOf(nodeId: NodeId): readonly string[] {
    return this.nodes.get(nodeId)?.mostPromisingFirst() ?? [];
  }

  /** Where the node can be reached by its own word or by what was seen: what may be passed on to others. */
  firstHandAddressesOf(nodeId: NodeId): readonly string[] {
    return this.nodes.get(nodeId)?.firstHand() ?? [];
  }

  /** Where others say that the node is, as far as this node has not found it wrong; at most two. */
  untriedAddressesOf(nodeId: NodeId): readonly string[] {
    return this.nodes.get(nodeId)?.untried().slice(0, 2) ?? [];
  }

  /** Where the node was found, and where it was not, though it says that it is there. */
  reachOf(nodeId: NodeId): AddressReach {
    return this.nodes.get(nodeId)?.reach() ?? { reached: [], unreached: [] };
  }

  /** Forgets nodes that `isOfInterest` says no of. */
  retain(isOfInterest: (nodeId: NodeId) => boolean): void {
    for (const nodeId of this.nodes.keys()) if (!isOfInterest(nodeId)) this.nodes.delete(nodeId);
  }

  /** Writes what has to be kept. May be called again. Never fails: what cannot be written is logged. */
  async close(): Promise<void> {
    if (this.saveTimer) this.save();
    await this.saving;
  }

  private addressesOfNode(nodeId: NodeId): NodeAddresses | undefined {
    const known = this.nodes.get(nodeId);
    if (known || this.nodes.size >= limits.maxChannelNodes) return known;
    const added = new NodeAddresses();
    this.nodes.set(nodeId, added);
    return added;
  }

  private saveSoon(): void {
    if (this.path === undefined) return;
    this.saveTimer ??= setTimeout(() => {
      this.save();
    }, saveAfterMs).unref();
  }

  private save(): void {
    clearTimeout(this.saveTimer);
    this.saveTimer = undefined;
    const { path } = this;
    if (path === undefined) return;
    const known: KnownAddress[] = [...this.nodes].flatMap(([nodeId, addresses]) => addresses.thatWorked().map((worked) => ({ nodeId, ...worked })));
    this.saving = this.saving.then(() => writeKnownAddresses(path, known, this.parts.log));
  }
}
