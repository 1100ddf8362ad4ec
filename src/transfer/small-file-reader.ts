import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';

import { throwIfCancelled } from '../core/cancellation.js';
import { type ContentId } from '../core/content-id.js';
import { isKacheryError, KacheryError } from '../core/failure.js';
import { inGroups } from '../core/in-groups.js';
import { limits } from '../core/limits.js';
import { mapInOrder } from '../core/map-in-order.js';
import { type PeerSelection } from '../network/peer.js';
import { fetchFailure } from './fetch-failure.js';
import { type FetchOptions } from './fetch-request.js';
import { inTime } from './in-time.js';
import { noteLie } from './note-source-failure.js';
import { type SmallFile, SmallFileSearch, type SmallFileSearchParts } from './small-file-search.js';
import { type SmallFileIntake } from './small-file-intake.js';
import { type Source } from './source.js';

/** Files in one lookup; claimed bytes of files that are fetched together. */
const batchFiles = 500;
const batchBytes = 4 * 1024 * 1024;
/** Lookups, and batches of files, that are under way or wait for the reader. */
const lookupsAhead = 2;
const batchesAhead = 2;

/** What reading many small files works with. */
export interface SmallFileReaderParts extends SmallFileSearchParts {
  readonly smallFiles: SmallFileIntake;
}

/** Reads many small files of other nodes, for one call; what is read is stored, too, where there is room. */
export class SmallFileReader {
  private readonly search: SmallFileSearch;
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  private readonly selection: PeerSelection;

  constructor(
    private readonly parts: SmallFileReaderParts,
    { sources = {}, signal }: FetchOptions,
  ) {
    this.selection = sources;
    this.signal = AbortSignal.any([this.stop.signal, ...(signal ? [signal] : [])]);
    // All requests under way hear of it.
    setMaxListeners(0, this.signal);
    this.search = new SmallFileSearch(parts, sources, this.signal);
  }

  /** The contents of the files, or why one cannot be had, in their order. Fails as Peers.connected, and with `cancelled`. */
  async *read(ids: readonly ContentId[]): AsyncGenerator<Buffer | KacheryError, void, undefined> {
    try {
      for await (const results of mapInOrder(this.batches(ids), batchesAhead, (batch) => this.fetchBatch(batch))) {
        throwIfCancelled(this.signal);
        yield* results;
      }
    } finally {
      this.stop.abort();
    }
  }

  private async *batches(ids: readonly ContentId[]): AsyncGenerator<readonly SmallFile[], void, undefined> {
    const lookups = inGroups(ids, { maxItems: batchFiles });
    const find = async (group: readonly ContentId[]): Promise<SmallFile[]> => {
      const found = new Map((await this.search.find(group)).map((file) => [file.id, file]));
      return group.map((id) => found.get(id) ?? { id, sources: [], answers: new Map() });
    };
    // Those of a batch may be held in memory together.
    for await (const files of mapInOrder(lookups, lookupsAhead, find)) yield* inGroups(files, { maxBytes: batchBytes, sizeBytesOf: claimedBytes });
  }

  /** Asks nodes until each file is there or nobody is left to be asked for it. */
  private async fetchBatch(files: readonly SmallFile[]): Promise<(Buffer | KacheryError)[]> {
    const contents = new Map<ContentId, Buffer>();
    for (;;) {
      const shares = this.share(files.filter(({ id }) => !contents.has(id)));
      if (shares.size === 0) break;
      await Promise.all([...shares.values()].map((share) => this.fetchFromOne(share, contents)));
      throwIfCancelled(this.signal);
    }
    // Who wants to read gets the bytes also where there is no room for them.
    await Promise.allSettled([...contents.values()].map((content) => this.parts.smallFiles.store(content)));
    return files.map((file) => contents.get(file.id) ?? this.failureOf(file));
  }

  /** Which node is asked for which files: as many of each, as far as they have them. */
  private share(files: readonly SmallFile[]): Map<string, { readonly source: Source; readonly id: ContentId }[]> {
    const shares = new Map<string, { source: Source; id: ContentId }[]>();
    const countOf = ({ nodeId }: Source): number => shares.get(nodeId)?.length ?? 0;
    for (const { id, sources } of files) {
      const usable = sources.filter((source) => source.state === 'usable' && isSmall(source) && this.search.isUsable(source));
      const source = usable.sort((one, other) => countOf(one) - countOf(other))[0];
      if (source) shares.set(source.nodeId, [...(shares.get(source.nodeId) ?? []), { source, id }]);
    }
    return shares;
  }

  private async fetchFromOne(share: readonly { readonly source: Source; readonly id: ContentId }[], contents: Map<ContentId, Buffer>): Promise<void> {
    const [first] = share;
    if (!first) return;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.signal]);
    const ids = share.map(({ id }) => id);
    let taken = 0;
    try {
      for await (const content of inTime((onHeld) => first.source.peer.readFiles(ids, { signal, onHeld }), { silentMs: this.parts.silentMs, signal })) {
        const next = share[taken];
        if (!next) break;
        taken += 1;
        this.take(next.source, next.id, content, contents);
      }
      if (taken < share.length) throw new KacheryError('node-unreachable', 'it sent fewer files than it was asked for');
    } catch (error) {
      if (this.signal.aborted) return;
      const said = error instanceof Error ? error.message : String(error);
      for (const { source, id } of share) if (!contents.has(id)) source.lose(said);
      if (!isKacheryError(error, 'too-busy')) this.search.giveUp(first.source, said);
    } finally {
      abort.abort();
    }
  }

  private take(source: Source, id: ContentId, content: Buffer | undefined, contents: Map<ContentId, Buffer>): void {
    if (content === undefined) source.miss();
    else if (content.byteLength === source.file.sizeBytes && createHash('sha1').update(content).digest('hex') === id) contents.set(id, content);
    else noteLie(source, 'it sent wrong bytes', this.parts.distrusted);
  }

  private failureOf({ id, sources, answers }: SmallFile): KacheryError {
    const large = sources.find((source) => source.state === 'usable' && !isSmall(source));
    if (large) {
      const [limit, actual] = [String(limits.maxSmallFileBytes), String(large.file.sizeBytes)];
      return new KacheryError('too-large', `sha1://${id} has ${actual} bytes; at most ${limit} can be read at once. Read it as a stream.`, { limit, actual });
    }
    const lost = sources.filter(({ state }) => state === 'usable');
    for (const source of lost) source.lose('it is not asked any more');
    const missing = this.parts.peers.missing(this.selection);
    return fetchFailure({ uri: `sha1://${id}`, sources, answers: [...answers.values()], missing });
  }
}

function isSmall({ file }: Source): boolean {
  return file.sizeBytes <= limits.maxSmallFileBytes;
}

/** The most that a source says the file has; what is not small is not fetched, and takes no room. */
function claimedBytes({ sources }: SmallFile): number {
  return Math.max(0, ...sources.filter(isSmall).map((source) => source.file.sizeBytes));
}
