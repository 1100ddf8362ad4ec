import { limits } from '../../core/limits.js';
import { type AddressReach } from './address-reach.js';

/** Who says that a node is at an address: the node itself, or another member. */
export type NodeAddressOrigin = 'greeting' | 'member';

interface Entry {
  readonly address: string;
  /** Undefined for one that was found by dialing, whoever told of it. */
  origin: NodeAddressOrigin | undefined;
  workedAtMs: number;
  failedAtMs: number;
}

const originsBestFirst: readonly (NodeAddressOrigin | undefined)[] = [undefined, 'greeting', 'member'];
const never = 0;

/** The addresses of one node, at most limits.maxNodeAddresses. */
export class NodeAddresses {
  private entries: Entry[] = [];

  /** Adds what somebody says, in place of what the same origin said before, but keeps what has worked. What others say takes no room from anything else. */
  learn(addresses: readonly string[], origin: NodeAddressOrigin): void {
    if (origin !== 'member')
      this.entries = this.entries.filter((entry) => entry.origin !== origin || entry.workedAtMs !== never || addresses.includes(entry.address));
    for (const address of addresses) this.add(address, origin);
  }

  /** Says that the node was there. */
  noteSuccess(address: string, nowMs: number): void {
    const entry = this.find(address) ?? this.add(address, undefined);
    entry.workedAtMs = nowMs;
    entry.failedAtMs = never;
  }

  /** Says that the node was not there. */
  noteFailure(address: string, nowMs: number): void {
    const entry = this.find(address);
    if (entry) entry.failedAtMs = nowMs;
  }

  /** What worked last comes first, what failed since then last; otherwise by who told it. */
  mostPromisingFirst(): readonly string[] {
    return [...this.entries].sort(byPromise).map(({ address }) => address);
  }

  /** What the node told itself, or what worked. */
  firstHand(): readonly string[] {
    return [...this.entries]
      .filter(({ origin, workedAtMs }) => origin === 'greeting' || workedAtMs !== never)
      .sort(byPromise)
      .map(({ address }) => address);
  }

  /** What nobody has tried from here. */
  untried(): readonly string[] {
    return this.entries.filter(({ workedAtMs, failedAtMs }) => workedAtMs === never && failedAtMs === never).map(({ address }) => address);
  }

  /** Where the node was found the last time that it was looked for there, and where it was not. */
  reach(): AddressReach {
    const isTold = ({ origin }: Entry): boolean => origin === 'greeting';
    const found = this.entries.filter(({ workedAtMs, failedAtMs }) => workedAtMs !== never && failedAtMs === never);
    const missed = this.entries.filter((entry) => isTold(entry) && entry.failedAtMs !== never);
    return { reached: found.map(({ address }) => address), unreached: missed.map(({ address }) => address) };
  }

  /** What worked, and when. */
  thatWorked(): readonly { readonly address: string; readonly workedAtMs: number }[] {
    return this.entries.filter(({ workedAtMs }) => workedAtMs !== never).map(({ address, workedAtMs }) => ({ address, workedAtMs }));
  }

  private find(address: string): Entry | undefined {
    return this.entries.find((entry) => entry.address === address);
  }

  /** When there are too many, hearsay gives way first, and of one kind the least promising. */
  private add(address: string, origin: NodeAddressOrigin | undefined): Entry {
    const known = this.find(address);
    if (known) {
      if (rank(origin) < rank(known.origin)) known.origin = origin;
      return known;
    }
    const entry = { address, origin, workedAtMs: never, failedAtMs: never };
    if (this.entries.length >= limits.maxNodeAddresses) this.makeRoomFor(entry);
    if (this.entries.length < limits.maxNodeAddresses) this.entries.push(entry);
    return entry;
  }

  private makeRoomFor(entry: Entry): void {
    const worst = [...this.entries].sort((one, other) => Number(isHearsay(one)) - Number(isHearsay(other)) || byPromise(one, other)).at(-1);
    if (worst === undefined || (isHearsay(entry) && !isHearsay(worst))) return;
    this.entries = this.entries.filter((each) => each !== worst);
  }
}

/** Neither did it ever work, nor does the node itself tell it. */
function isHearsay({ origin, workedAtMs }: Entry): boolean {
  return origin === 'member' && workedAtMs === never;
}

function byPromise(one: Entry, other: Entry): number {
  const failed = Number(one.failedAtMs !== never) - Number(other.failedAtMs !== never);
  return failed || other.workedAtMs - one.workedAtMs || one.failedAtMs - other.failedAtMs || rank(one.origin) - rank(other.origin);
}

function rank(origin: NodeAddressOrigin | undefined): number {
  return originsBestFirst.indexOf(origin);
}
