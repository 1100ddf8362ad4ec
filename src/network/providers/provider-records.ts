import { type Clock } from '../../core/clock.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type ChannelTag } from '../membership.js';
import { type RecordKey } from './record-key.js';

/** How much is kept; what differs from the limits is for tests. */
export interface ProviderRecordsOptions {
  readonly recordMs: number;
  readonly maxRecords: number;
  readonly maxRecordsOfNode: number;
}

const usualOptions: ProviderRecordsOptions = {
  recordMs: limits.providerRecordMs,
  maxRecords: limits.maxProviderRecords,
  maxRecordsOfNode: limits.maxProviderRecordsOfNode,
};

/** A record is one number, the node's and, above it, the minute when it ends: a million of them fit into the memory that there is. */
const nodeRoom = 2 ** 20;
const minuteMs = 60_000;

interface Announcer {
  readonly nodeId: NodeId;
  count: number;
}

/** The part of the index of large channels that this node keeps: who has announced which contents. In memory only; bounded for each node and in all. */
export class ProviderRecords {
  private readonly recordsOf = new Map<ChannelTag, Map<RecordKey, number | number[]>>();
  private readonly announcers: Announcer[] = [];
  private readonly numbers = new Map<NodeId, number>();
  private readonly options: ProviderRecordsOptions;
  private count = 0;
  private sweptAtMs: number;

  constructor(
    private readonly clock: Clock,
    options: Partial<ProviderRecordsOptions> = {},
  ) {
    this.options = { ...usualOptions, ...options };
    this.sweptAtMs = clock.now();
  }

  /** How many records there are. */
  get size(): number {
    return this.count;
  }

  /** Notes that a node has contents. Returns how many of the keys are kept: fewer than were told where there is no room. */
  add(tag: ChannelTag, nodeId: NodeId, keys: readonly RecordKey[]): number {
    this.sweepNowAndThen();
    const records = this.recordsOf.get(tag) ?? new Map<RecordKey, number | number[]>();
    this.recordsOf.set(tag, records);
    const endMinute = Math.ceil((this.clock.now() + this.options.recordMs) / minuteMs);
    return keys.filter((key) => this.put(records, key, nodeId, endMinute)).length;
  }

  /** Who has announced each of the contents in this channel, the newest first; at most limits.maxToldProviders of each. */
  find(tag: ChannelTag, keys: readonly RecordKey[]): readonly (readonly NodeId[])[] {
    const records = this.recordsOf.get(tag);
    const nowMinute = this.clock.now() / minuteMs;
    return keys.map((key) => {
      const alive = recordsIn(records?.get(key)).filter((record) => endMinuteOf(record) > nowMinute);
      return alive
        .slice(-limits.maxToldProviders)
        .reverse()
        .flatMap((record) => this.announcers[record % nodeRoom]?.nodeId ?? []);
    });
  }

  private put(records: Map<RecordKey, number | number[]>, key: RecordKey, nodeId: NodeId, endMinute: number): boolean {
    const number = this.numberOf(nodeId);
    const announcer = this.announcers[number];
    if (!announcer) return false;
    const before = recordsIn(records.get(key));
    const others = before.filter((record) => record % nodeRoom !== number);
    const isNew = others.length === before.length;
    if (isNew && (this.count >= this.options.maxRecords || announcer.count >= this.options.maxRecordsOfNode || others.length >= limits.maxProvidersOfKey))
      return false;
    const record = endMinute * nodeRoom + number;
    records.set(key, others.length === 0 ? record : [...others, record]);
    if (isNew) {
      this.count += 1;
      announcer.count += 1;
    }
    return true;
  }

  private numberOf(nodeId: NodeId): number {
    const known = this.numbers.get(nodeId);
    if (known !== undefined) return known;
    const number = this.announcers.length;
    if (number >= limits.maxProviderNodes) return nodeRoom;
    this.announcers.push({ nodeId, count: 0 });
    this.numbers.set(nodeId, number);
    return number;
  }

  /** Looking at all records takes time, so it is done a few times in their life. */
  private sweepNowAndThen(): void {
    const nowMs = this.clock.now();
    if (nowMs - this.sweptAtMs < this.options.recordMs / 8) return;
    this.sweptAtMs = nowMs;
    for (const [tag, records] of this.recordsOf) {
      for (const [key, value] of records) this.sweepKey(records, key, recordsIn(value), nowMs / minuteMs);
      if (records.size === 0) this.recordsOf.delete(tag);
    }
  }

  private sweepKey(records: Map<RecordKey, number | number[]>, key: RecordKey, before: readonly number[], nowMinute: number): void {
    const alive = before.filter((record) => endMinuteOf(record) > nowMinute);
    if (alive.length === before.length) return;
    for (const record of before) {
      const announcer = this.announcers[record % nodeRoom];
      if (announcer && endMinuteOf(record) <= nowMinute) announcer.count -= 1;
    }
    this.count -= before.length - alive.length;
    const [first] = alive;
    if (first === undefined) records.delete(key);
    else records.set(key, alive.length === 1 ? first : alive);
  }
}

function recordsIn(value: number | number[] | undefined): readonly number[] {
  return value === undefined ? [] : typeof value === 'number' ? [value] : value;
}

function endMinuteOf(record: number): number {
  return Math.floor(record / nodeRoom);
}
