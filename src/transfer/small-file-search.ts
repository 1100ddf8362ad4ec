import { type ContentId } from '../core/content-id.js';
import { type NodeId } from '../core/node-id.js';
import { type Peer, type Peers, type PeerSearch, type PeerSelection } from '../network/peer.js';
import { answerInTime } from './answer-in-time.js';
import { Bell } from './bell.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { Source } from './source.js';
import { type PeerAnswer } from './source-book.js';

/** What is known of a small file: who claims to have it. */
export interface SmallFile {
  readonly id: ContentId;
  readonly sources: Source[];
  /** What nodes said that have not got it. */
  readonly answers: ReadonlyMap<NodeId, PeerAnswer>;
}

/** Files that are looked for together. */
interface Lookup {
  readonly files: ReadonlyMap<ContentId, SmallFile>;
  readonly answers: Map<NodeId, PeerAnswer>;
  readonly asked: Set<NodeId>;
}

/** What a search works with. */
export interface SmallFileSearchParts {
  readonly peers: Peers;
  readonly distrusted: DistrustedPeers;
  /** How long a node may take to answer. */
  readonly silentMs: number;
}

/** Finds out which nodes have many small files, for one call. */
export class SmallFileSearch {
  private readonly search: PeerSearch;
  private lastStep: Promise<boolean> | undefined;
  /** Nodes that are not asked any more in this call, and why. */
  private readonly down = new Map<NodeId, string>();

  constructor(
    private readonly parts: SmallFileSearchParts,
    private readonly selection: PeerSelection,
    private readonly signal: AbortSignal,
  ) {
    this.search = parts.peers.search();
  }

  /** Who has the files: those that are connected, and, for what none of them has, those that can be. Fails as Peers.connected. */
  async find(ids: readonly ContentId[]): Promise<SmallFile[]> {
    const answers = new Map<NodeId, PeerAnswer>();
    const files = new Map(ids.map((id): [ContentId, SmallFile] => [id, { id, sources: [], answers }]));
    const lookup = { files, answers, asked: new Set<NodeId>() };
    await this.ask(lookup);
    for (let mayBeMore = true; mayBeMore && !this.signal.aborted;) {
      const missing = ids.filter((id) => files.get(id)?.sources.length === 0);
      if (missing.length === 0) break;
      mayBeMore = await this.reachMore(missing);
      await this.ask(lookup);
    }
    return [...files.values()];
  }

  /** Where there is one step only, all lookups of the call share it. */
  private async reachMore(ids: readonly ContentId[]): Promise<boolean> {
    if (this.lastStep) return this.lastStep;
    const step = this.search.reachMore(ids, this.selection, { signal: this.signal });
    this.lastStep = step;
    if ((await step) || this.search.dependsOnContent) this.lastStep = undefined;
    return step;
  }

  /** A node does not answer: nothing more is asked of it. */
  giveUp({ nodeId }: { readonly nodeId: NodeId }, said: string): void {
    this.down.set(nodeId, said);
  }

  /** Whether a node still is to be asked. */
  isUsable({ nodeId }: { readonly nodeId: NodeId }): boolean {
    return !this.down.has(nodeId) && this.parts.distrusted.problemOf(nodeId) === undefined;
  }

  /** Resolves when all connected nodes that were not asked have answered, or somebody has each of the files. */
  private async ask({ files, answers, asked }: Lookup): Promise<void> {
    const changes = new Bell();
    let waiting = 0;
    for (const peer of this.search.connected(this.selection)) {
      const problem = this.parts.distrusted.problemOf(peer.nodeId);
      const downProblem = this.down.get(peer.nodeId);
      if (asked.has(peer.nodeId)) continue;
      if (problem !== undefined) answers.set(peer.nodeId, answerOf(peer, 'distrusted', problem));
      else if (downProblem !== undefined) answers.set(peer.nodeId, answerOf(peer, 'unreachable', downProblem));
      if (!this.isUsable(peer)) continue;
      asked.add(peer.nodeId);
      waiting += 1;
      void this.askOne(peer, { files, answers }).finally(() => {
        waiting -= 1;
        changes.ring();
      });
    }
    const isFound = (): boolean => [...files.values()].every(({ sources }) => sources.length > 0);
    while (waiting > 0 && !isFound() && !this.signal.aborted) await changes.wait({ signal: this.signal });
  }

  private async askOne(peer: Peer, { files, answers }: Pick<Lookup, 'files' | 'answers'>): Promise<void> {
    const { silentMs } = this.parts;
    try {
      const found = await answerInTime((signal) => peer.findFiles([...files.keys()], { signal }), { timeoutMs: silentMs, signal: this.signal });
      if (found.length < files.size) answers.set(peer.nodeId, answerOf(peer, 'has-not', 'does not have it'));
      for (const file of found) {
        if (Number.isSafeInteger(file.sizeBytes) && file.sizeBytes >= 0) files.get(file.id)?.sources.push(new Source(peer, file));
      }
    } catch (error) {
      if (this.signal.aborted) return;
      const said = error instanceof Error ? error.message : String(error);
      this.giveUp(peer, said);
      answers.set(peer.nodeId, answerOf(peer, 'unreachable', said));
    }
  }
}

function answerOf({ nodeId, label }: Peer, kind: PeerAnswer['kind'], said: string): PeerAnswer {
  return { nodeId, label, kind, said };
}
