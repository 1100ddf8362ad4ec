import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type NodeId } from '../core/node-id.js';
import { type MissingPeer, type Peer, type Peers, type PeerSearch, type PeerSelection, type RemoteFile } from '../network/peer.js';
import { answerInTime } from './answer-in-time.js';
import { type DistrustedPeers } from './distrusted-peers.js';
import { type LoadSource } from './load-event.js';
import { Source } from './source.js';

/** What a node that was asked for a content, or could not be, said. */
export interface PeerAnswer {
  readonly nodeId: NodeId;
  readonly label: string;
  /** It was asked and has not got it; it could not be asked; or it is not asked for having sent wrong bytes. */
  readonly kind: 'has-not' | 'unreachable' | 'distrusted';
  /** For people. */
  readonly said: string;
}

/** What the book works with. */
export interface SourceBookParts {
  readonly peers: Peers;
  readonly distrusted: DistrustedPeers;
  readonly onChange: () => void;
  readonly answerMs: number;
}

/** Knows who was asked for one content, what each said, and which nodes have it. */
export class SourceBook {
  private readonly selections: PeerSelection[] = [];
  private readonly found = new Map<NodeId, Source>();
  private readonly answers = new Map<NodeId, PeerAnswer>();
  /** Connections over which it was asked. One that broke and was made again is another one. */
  private readonly asked = new Map<NodeId, Peer>();
  private readonly search: PeerSearch;
  private asking = 0;

  constructor(
    private readonly parts: SourceBookParts,
    private readonly id: ContentId,
    private readonly manifestId: ContentId | undefined,
  ) {
    this.search = parts.peers.search();
  }

  /** Nodes that have, or claim to have, the content, in the order of their answers. */
  get sources(): readonly Source[] {
    return [...this.found.values()];
  }

  /** Whether answers are awaited. */
  get isAsking(): boolean {
    return this.asking > 0;
  }

  /** Nodes that have the manifest that the URI names. */
  readonly manifestFiles = new Map<NodeId, RemoteFile>();

  /** What nodes said that are not sources. */
  get otherAnswers(): readonly PeerAnswer[] {
    return [...this.answers.values()];
  }

  /** Lets more nodes be asked, and tells whether it is more. Fails as Peers.connected. */
  addSelection(selection: PeerSelection): boolean {
    this.parts.peers.connected(selection);
    const isKnown = this.selections.some(({ nodeId, channel }) => nodeId === selection.nodeId && channel === selection.channel);
    if (!isKnown) this.selections.push(selection);
    return !isKnown;
  }

  /** Whether there is anything to do to reach others. */
  get canReachOthers(): boolean {
    return this.search.dependsOnContent || this.missing().length > 0;
  }

  /** Nodes that may be asked and are not connected. */
  missing(): readonly MissingPeer[] {
    return unique(this.selections.flatMap((selection) => this.ofSelection(() => this.search.missing(selection))));
  }

  /** Asks the connected nodes that were not asked over their present connection. Returns at once; `onChange` hears of each answer. */
  askConnected(signal: AbortSignal): void {
    for (const peer of this.connected()) {
      if (this.asked.get(peer.nodeId) === peer) continue;
      this.asked.set(peer.nodeId, peer);
      this.ask(peer, signal);
    }
  }

  /** Asks the connected nodes that are lost once more, and those that could not answer. */
  askLost(signal: AbortSignal): void {
    for (const peer of this.connected()) {
      const isLost = this.found.get(peer.nodeId)?.state === 'lost' || this.answers.get(peer.nodeId)?.kind === 'unreachable';
      if (isLost && this.asked.get(peer.nodeId) === peer) this.ask(peer, signal);
    }
    this.askConnected(signal);
  }

  /** Notes which sources have lost their connection, so that they are not asked in vain, and which of those do not serve this node any more: for them nobody has to wait. */
  noteLost(): void {
    const connected = new Set(this.connected().map(({ nodeId }) => nodeId));
    const lost = [...this.found.values()].filter(({ nodeId }) => !connected.has(nodeId));
    if (lost.length === 0) return;
    // Of all members, and not only of those whom the search would reach next.
    const members = this.selections.flatMap((selection) => this.ofSelection(() => this.parts.peers.missing(selection)));
    const missing = new Map(members.map((peer) => [peer.nodeId, peer]));
    for (const source of lost) {
      const peer = missing.get(source.nodeId);
      if (!peer) source.bar('no channel that this node has joined lists both any more');
      else if (peer.hasRefused) source.bar(peer.problem);
      else if (source.state === 'usable') source.lose('the connection broke');
    }
  }

  /** Tries to connect more that may have it, and tells whether there may be others after that. Never fails. */
  async connectMissing(signal: AbortSignal): Promise<boolean> {
    const steps = await Promise.all(this.selections.map((selection) => this.search.reachMore([this.id], selection, { signal })));
    return steps.includes(true);
  }

  /** What is told of the sources; `unverified` are bytes of theirs that are not counted as loaded yet. */
  facts(nowMs: number, unverified?: ReadonlyMap<Source, number>): LoadSource[] {
    return [...this.found.values()].map((source) => source.facts(nowMs, unverified?.get(source) ?? 0));
  }

  private connected(): readonly Peer[] {
    return unique(this.selections.flatMap((selection) => this.ofSelection(() => this.search.connected(selection))));
  }

  /** A channel may have been left since it was selected. */
  private ofSelection<T>(look: () => readonly T[]): readonly T[] {
    try {
      return look();
    } catch (error) {
      if (error instanceof KacheryError) return [];
      throw error;
    }
  }

  private ask(peer: Peer, signal: AbortSignal): void {
    const problem = this.parts.distrusted.problemOf(peer.nodeId);
    if (problem !== undefined) {
      this.answer(peer, 'distrusted', problem);
      return;
    }
    this.asking += 1;
    void this.awaitAnswer(peer, signal).finally(() => {
      this.asking -= 1;
      this.parts.onChange();
    });
  }

  private async awaitAnswer(peer: Peer, signal: AbortSignal): Promise<void> {
    const ids = this.manifestId === undefined ? [this.id] : [this.id, this.manifestId];
    try {
      const files = await answerInTime((asking) => peer.findFiles(ids, { signal: asking }), { timeoutMs: this.parts.answerMs, signal });
      const manifest = files.find(({ id }) => id === this.manifestId);
      if (manifest) this.manifestFiles.set(peer.nodeId, manifest);
      this.hear(
        peer,
        files.find(({ id }) => id === this.id),
      );
    } catch (error) {
      if (signal.aborted) return;
      this.hearFailure(peer, error);
    }
  }

  private hear(peer: Peer, file: RemoteFile | undefined): void {
    const source = this.found.get(peer.nodeId);
    if (!file || !Number.isSafeInteger(file.sizeBytes) || file.sizeBytes < 0) {
      if (source) source.miss();
      else this.answer(peer, 'has-not', 'does not have it');
      return;
    }
    this.answers.delete(peer.nodeId);
    if (source) source.revive(peer, file);
    else this.found.set(peer.nodeId, new Source(peer, file));
  }

  private hearFailure(peer: Peer, error: unknown): void {
    const source = this.found.get(peer.nodeId);
    const said = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof KacheryError && error.reason === 'not-authorized';
    if (!source) this.answer(peer, isRefusal ? 'has-not' : 'unreachable', said);
    else if (isRefusal) source.bar(said);
    else source.lose(said);
  }

  private answer({ nodeId, label }: Peer, kind: PeerAnswer['kind'], said: string): void {
    this.answers.set(nodeId, { nodeId, label, kind, said });
  }
}

function unique<T extends { readonly nodeId: NodeId }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.nodeId, item])).values()];
}
