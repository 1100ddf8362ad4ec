import { type Clock } from '../../core/clock.js';
import { compareByCodePoints } from '../../core/code-point-order.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { Slots } from '../../network/link/slots.js';
import { type Peers } from '../../network/peer.js';
import { DirectoryMirror, type DirectoryMirrorParts } from './directory-mirror.js';
import { FeedMirror, type FeedMirrorParts } from './feed-mirror.js';
import { FileKeeper, type FileKeeperParts } from './file-keeper.js';
import { FileMirror } from './file-mirror.js';
import { Mirror } from './mirror.js';
import { type MirrorFacts } from './mirror-facts.js';
import { mirrorListFile } from './mirror-list-file.js';
import { type MirrorTarget, parseMirrorTarget } from './mirror-target.js';
import { type MirrorTimes, mirrorTimes } from './mirror-times.js';
import { type MirrorWork } from './mirror-work.js';

/** What mirrors work with. */
export interface MirrorsParts extends Pick<FeedMirrorParts, 'feeds' | 'replication'>, Omit<FileKeeperParts, 'slots'> {
  readonly peers: Pick<Peers, 'search' | 'watch'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: StructuredLog;
}

/** Files and feeds of other nodes that this node keeps, and remembers to keep; one for each daemon. Must be closed. */
export class Mirrors {
  private readonly mirrors = new Map<string, { readonly mirror: Mirror; readonly addedAtMs: number }>();
  private readonly keeper: FileKeeper;
  private readonly directoryParts: DirectoryMirrorParts;
  private readonly feedParts: FeedMirrorParts;
  private readonly unwatch: () => void;
  private connected: ReadonlySet<NodeId> = new Set();
  /** Removed ones that still work. */
  private readonly ending = new Set<Promise<void>>();
  private changing: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  private constructor(
    private readonly path: string,
    private readonly parts: MirrorsParts,
    private readonly times: MirrorTimes,
  ) {
    this.keeper = new FileKeeper({ ...parts, slots: new Slots(limits.maxMirrorLoads) });
    this.directoryParts = { keeper: this.keeper, listingSlots: new Slots(limits.maxMirrorListings), walkSlots: new Slots(limits.maxMirrorWalks) };
    this.feedParts = { ...parts, slots: new Slots(limits.maxMirrorLooks), countFeeds: () => this.feeds };
    this.unwatch = parts.peers.watch(() => {
      this.notePeers();
    });
  }

  /** Goes on with what the list at `path` names. Fails with `content-corrupt` and `path-not-permitted`. */
  static async open(path: string, parts: MirrorsParts, times: MirrorTimes = mirrorTimes): Promise<Mirrors> {
    const listed = await mirrorListFile.read(path);
    const mirrors = new Mirrors(path, parts, times);
    for (const { uri, addedAtMs } of listed) mirrors.begin(parseMirrorTarget(uri), addedAtMs);
    return mirrors;
  }

  /**
   * Mirrors what a URI names; it is remembered when this resolves, and brought here afterwards. What is mirrored already is tried again at once. Fails with
   * `invalid-uri`, `invalid-argument`, `too-busy`, `path-not-permitted` and `disk-full`.
   */
  async add(uri: string): Promise<MirrorFacts> {
    const target = parseMirrorTarget(uri);
    return this.exclusively(async () => {
      const known = this.mirrors.get(target.uri);
      known?.mirror.tryNow();
      if (known) return known.mirror.facts;
      if (this.mirrors.size >= limits.maxMirrors) throw tooMany();
      const addedAtMs = this.parts.clock.now();
      await mirrorListFile.write(this.path, [...this.listed(), { uri: target.uri, addedAtMs }]);
      return this.begin(target, addedAtMs).facts;
    });
  }

  /** Ends a mirror; what is here stays. Fails with `mirror-not-found`, `invalid-uri`, `path-not-permitted` and `disk-full`. */
  async remove(text: string): Promise<void> {
    const { uri } = parseMirrorTarget(text);
    await this.exclusively(async () => {
      const known = this.mirrors.get(uri);
      if (!known) throw new KacheryError('mirror-not-found', `${uri} is not mirrored here. "kachery-p2p mirror ls" tells what is.`, { uri });
      await mirrorListFile.write(
        this.path,
        this.listed().filter((listed) => listed.uri !== uri),
      );
      this.mirrors.delete(uri);
      const end = known.mirror.close().finally(() => this.ending.delete(end));
      this.ending.add(end);
    });
  }

  /** What is told of all of them, ordered by URI. */
  list(): MirrorFacts[] {
    return [...this.mirrors.values()].map(({ mirror }) => mirror.facts).sort((one, other) => compareByCodePoints(one.uri, other.uri));
  }

  /** Ends all work; what is listed stays so. May be called again. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.unwatch();
    await this.changing;
    await Promise.all([...this.ending, ...[...this.mirrors.values()].map(({ mirror }) => mirror.close())]);
  }

  private begin(target: MirrorTarget, addedAtMs: number): Mirror {
    const { clock, random, log } = this.parts;
    const mirror = new Mirror(target.uri, addedAtMs, { work: this.workOf(target), clock, random, log, times: this.times });
    this.mirrors.set(target.uri, { mirror, addedAtMs });
    return mirror;
  }

  private workOf(target: MirrorTarget): MirrorWork {
    switch (target.kind) {
      case 'file':
        return new FileMirror(target, this.keeper, this.times);
      case 'directory':
        return new DirectoryMirror(target, this.directoryParts, this.times);
      case 'feed':
        return new FeedMirror(target, this.feedParts, this.times);
    }
  }

  private get feeds(): number {
    let count = 0;
    for (const uri of this.mirrors.keys()) if (uri.startsWith('feed:')) count += 1;
    return count;
  }

  private listed(): { uri: string; addedAtMs: number }[] {
    return [...this.mirrors].map(([uri, { addedAtMs }]) => ({ uri, addedAtMs }));
  }

  /** Who was lost brings nothing; nor does whom some search of a large channel connects. */
  private notePeers(): void {
    const now = new Set(
      this.parts.peers
        .search()
        .connected()
        .map(({ nodeId }) => nodeId),
    );
    const hasMore = [...now].some((nodeId) => !this.connected.has(nodeId));
    this.connected = now;
    if (hasMore) for (const { mirror } of this.mirrors.values()) mirror.noteNode();
  }

  /** One change at a time, so that the list on disk is that of the last one. */
  private exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.changing.then(() => {
      if (this.isClosed) throw new KacheryError('daemon-stopping', 'The daemon is stopping. Try again when it runs.');
      return work();
    });
    this.changing = result.catch(() => undefined);
    return result;
  }
}

function tooMany(): KacheryError {
  const limit = String(limits.maxMirrors);
  return new KacheryError('too-busy', `This node has ${limit} mirrors, as many as it may. Remove one of them first.`, { limit });
}
