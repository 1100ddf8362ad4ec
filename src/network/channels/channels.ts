import { join } from 'node:path';

import { compareByCodePoints } from '../../core/code-point-order.js';
import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type ChannelTag, type Member, type Membership } from '../membership.js';
import { type ChannelAddress, parseChannelAddress } from './channel-address.js';
import { ChannelCopies, type ChannelCopy } from './channel-copies.js';
import { type ChannelRoles, grantedRoles } from './channel-roles.js';
import { FollowedChannel, type FollowingParts, type RefreshTimes } from './followed-channel.js';
import { type JoinedChannelFacts } from './joined-channel-facts.js';
import { type JoinedChannel, joinedChannelsFile } from './joined-channels-file.js';
import { MembershipView } from './membership-view.js';

/** What the channels of a node work with. */
export interface ChannelsParts extends Omit<FollowingParts, 'onChange'> {
  readonly nodeId: NodeId;
  /** Folder of `channels.json` and of the folder `channels`. */
  readonly configDir: string;
}

const usualTimes: RefreshTimes = { refreshMs: limits.channelRefreshMs, retryMs: limits.channelRetryMs, fileCheckMs: limits.channelFileCheckMs };

/** The channels that this node has joined, read again and again, and who may talk to whom because of them. */
export class Channels implements Membership {
  private readonly joined = new Map<ChannelAddress, FollowedChannel>();
  private readonly watchers = new Set<() => void>();
  private readonly listPath: string;
  private view: MembershipView;
  /** What is being written, one after the other. */
  private writing: Promise<void> = Promise.resolve();
  private isClosed = false;

  private constructor(
    private readonly parts: ChannelsParts,
    private readonly copies: ChannelCopies,
    private readonly times: RefreshTimes,
  ) {
    this.listPath = join(parts.configDir, 'channels.json');
    this.view = new MembershipView(parts.nodeId, []);
  }

  /**
   * Opens the channels that were joined before, as they were last read, and begins to read them. Needs no network. Must be closed. Fails with `content-corrupt`
   * and `path-not-permitted` for a list of channels that cannot be read. `times` are for tests.
   */
  static async open(parts: ChannelsParts, times: RefreshTimes = usualTimes): Promise<Channels> {
    const joined = await joinedChannelsFile.read(join(parts.configDir, 'channels.json'));
    const addresses = joined.map(({ address }) => address);
    const channels = new Channels(parts, await ChannelCopies.open(join(parts.configDir, 'channels'), addresses, parts.log), times);
    for (const { address, roles } of joined) channels.add(address, roles, await channels.copies.read(address));
    channels.renewView();
    for (const channel of channels.joined.values()) channel.follow(true);
    return channels;
  }

  /**
   * Joins a channel, or changes the roles that this node takes in one, and reads it at once; the change is on disk when it resolves. Fails with `channel-invalid`
   * and `channel-unavailable` if it cannot be read and is not joined yet, with `invalid-argument` for an address that cannot be, with `too-busy` for too many
   * channels, with `path-not-permitted` and `disk-full`, and with what `signal` is aborted with.
   */
  async join(addressText: string, roles: ChannelRoles, { signal }: { readonly signal: AbortSignal }): Promise<JoinedChannelFacts> {
    const address = parseChannelAddress(addressText);
    const known = this.joined.get(address);
    if (!known && this.joined.size >= limits.maxJoinedChannels) throw tooMany();
    const copy = known ? undefined : await this.firstReading(address, signal);
    await known?.refresh();
    return this.exclusively(async () => {
      await this.writeList((list) => [...list.filter((channel) => channel.address !== address), { address, roles }]);
      const channel = this.joined.get(address) ?? this.add(address, roles, copy);
      channel.roles = roles;
      if (copy) await this.copies.write(address, copy);
      channel.follow(channel.copy === undefined);
      this.renewView();
      return this.factsOf(channel);
    });
  }

  /** Leaves a channel, named by its address or its label. Fails with `channel-not-joined`, `path-not-permitted` and `disk-full`. */
  async leave(channel: string): Promise<void> {
    await this.exclusively(async () => {
      const address = this.addressOf(channel) as ChannelAddress;
      await this.writeList((list) => list.filter((other) => other.address !== address));
      this.joined.get(address)?.close();
      this.joined.delete(address);
      this.renewView();
      await this.copies.remove(address);
    });
  }

  /** The joined channels, in the order of their addresses. */
  list(): JoinedChannelFacts[] {
    return this.inOrder().map((channel) => this.factsOf(channel));
  }

  /** Reads all channels now, and resolves when that is done or has failed. Never fails. */
  async refreshNow(): Promise<void> {
    await Promise.all(this.inOrder().map((channel) => channel.refresh()));
  }

  /** Whether a channel grants this node a role that it takes there. */
  hasRole(role: keyof ChannelRoles): boolean {
    return this.inOrder().some((channel) => this.factsOf(channel).grantedRoles[role]);
  }

  tags(): readonly ChannelTag[] {
    return this.view.tags();
  }

  compare(nodeId: NodeId, tags: readonly ChannelTag[]): { readonly shared: readonly ChannelTag[]; readonly refused: readonly ChannelTag[] } {
    return this.view.compare(nodeId, tags);
  }

  members(): ReadonlyMap<NodeId, Member> {
    return this.view.members();
  }

  relays(one: NodeId, other: NodeId, tags: readonly ChannelTag[]): boolean {
    return this.view.relays(one, other, tags);
  }

  /** As Membership says; a spelling of the address that `join` takes will do, too. */
  addressOf(channel: string): string {
    const address = spelledAddress(channel);
    return address !== undefined && this.joined.has(address) ? address : this.view.addressOf(channel);
  }

  bootstrapAddresses(): readonly string[] {
    return this.view.bootstrapAddresses();
  }

  watch(onChange: () => void): () => void {
    const watcher = (): void => onChange();
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** Ends all reads and waits for what is being written. May be called again. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const channel of this.joined.values()) channel.close();
    this.watchers.clear();
    await this.writing;
  }

  private async firstReading(address: ChannelAddress, signal: AbortSignal): Promise<ChannelCopy> {
    const reading = await this.parts.reader.read(address, { signal });
    if (reading.kind === 'read') return { config: reading.config, version: reading.version, readAtMs: this.parts.clock.now() };
    throw reading.kind === 'invalid' ? reading.failure : new KacheryError('internal', `The channel ${quoted(address)} was read without a result.`);
  }

  private add(address: ChannelAddress, roles: ChannelRoles, copy: ChannelCopy | undefined): FollowedChannel {
    const onChange = (channel: FollowedChannel): void => {
      this.take(channel);
    };
    const channel = new FollowedChannel(address, roles, copy, { ...this.parts, onChange }, this.times);
    this.joined.set(address, channel);
    return channel;
  }

  /** Something else was read of a channel than before. */
  private take(channel: FollowedChannel): void {
    this.renewView();
    this.writing = this.writing.then(async () => {
      if (channel.copy && this.joined.get(channel.address) === channel) await this.copies.write(channel.address, channel.copy);
    });
  }

  private renewView(): void {
    const before = this.view;
    const channels = this.inOrder().map(({ address, roles, copy }) => ({ address, roles, config: copy?.config }));
    this.view = new MembershipView(this.parts.nodeId, channels);
    if (this.view.fingerprint === before.fingerprint) return;
    for (const tell of [...this.watchers]) tell();
  }

  private async writeList(change: (list: readonly JoinedChannel[]) => readonly JoinedChannel[]): Promise<void> {
    const list = change(this.inOrder().map(({ address, roles }) => ({ address, roles })));
    await joinedChannelsFile.write(
      this.listPath,
      [...list].sort((one, other) => compareByCodePoints(one.address, other.address)),
    );
  }

  private exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.isClosed) return Promise.reject(new KacheryError('daemon-stopping', 'The daemon is stopping. Try again when it runs again.'));
    const done = this.writing.then(work);
    this.writing = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  private inOrder(): FollowedChannel[] {
    return [...this.joined.values()].sort((one, other) => compareByCodePoints(one.address, other.address));
  }

  private factsOf({ address, roles, copy, problem }: FollowedChannel): JoinedChannelFacts {
    const nodes = copy?.config.nodes ?? [];
    const entry = nodes.find(({ nodeId }) => nodeId === this.parts.nodeId);
    return {
      ...{ address, roles, problem, nodes },
      label: copy?.config.label ?? '',
      isAuthorized: entry !== undefined,
      grantedRoles: grantedRoles(roles, entry),
      readAtMs: copy?.readAtMs,
    };
  }
}

function spelledAddress(text: string): ChannelAddress | undefined {
  try {
    return parseChannelAddress(text);
  } catch {
    return undefined;
  }
}

function tooMany(): KacheryError {
  const limit = String(limits.maxJoinedChannels);
  return new KacheryError('too-busy', `This node has joined ${limit} channels, as many as it may. Leave one of them first.`, { limit });
}
