import { type NodeId } from '../core/node-id.js';
import { type Peer, type RemoteFile } from '../network/peer.js';
import { type LoadSource } from './load-event.js';
import { RateMeter } from './rate-meter.js';

/** Whether a node can be asked for a content: now, not now (it is lost, silent or busy, and may be better later), or not at all. */
export type SourceState = 'usable' | 'lost' | 'refused';

/** A node that claims to have a content. */
export class Source {
  readonly nodeId: NodeId;
  readonly rate = new RateMeter();
  state: SourceState = 'usable';
  /** Why it is not usable, for people. */
  problem = '';
  /** Whether it sent something wrong for this content. */
  hasLied = false;
  /** Whether what it sent is not as a manifest says that it did not name itself: one of the two is wrong. */
  isSetAside = false;
  /** Whether it has not got the content any more. */
  isGone = false;
  /** Whether it does not serve this node any more, which no channel lists together with it. */
  isBarred = false;
  /** When one that is lost for being busy may be asked again; undefined for others. */
  retryAtMs: number | undefined;
  /** How often it failed since it sent bytes last. */
  failures = 0;
  /** Requests to it that are under way, and the bytes that they are to bring. */
  openRequests = 0;
  openBytes = 0;
  /** Bytes that came from it and were verified. */
  loadedBytes = 0;

  constructor(
    public peer: Peer,
    public file: RemoteFile,
  ) {
    this.nodeId = peer.nodeId;
  }

  /** It can be asked again, over this connection. */
  revive(peer: Peer, file: RemoteFile): void {
    this.peer = peer;
    this.file = file;
    if (this.state === 'refused') return;
    this.resume();
  }

  /** It can be asked again. */
  resume(): void {
    this.state = 'usable';
    this.problem = '';
    this.retryAtMs = undefined;
  }

  /** It cannot be asked now. */
  lose(problem: string, retryAtMs?: number): void {
    if (this.state === 'refused') return;
    this.state = 'lost';
    this.problem = problem;
    this.retryAtMs = retryAtMs;
    this.failures += 1;
  }

  /** It is not asked for this content again. */
  refuse(problem: string): void {
    this.state = 'refused';
    this.problem = problem;
  }

  /** It does not serve this node any more. */
  bar(problem: string): void {
    if (this.state === 'refused') return;
    this.isBarred = true;
    this.refuse(problem);
  }

  /** It is not asked as long as the manifest that it does not agree with is believed. */
  setAside(): void {
    if (this.state === 'refused') return;
    this.isSetAside = true;
    this.refuse('what it sent is not as the manifest says that other nodes name');
  }

  /** The manifest by which its bytes were judged is not believed any more. */
  rehabilitate(): void {
    this.loadedBytes = 0;
    if (!this.isSetAside) return;
    this.isSetAside = false;
    this.resume();
  }

  /** It has not got the content any more. */
  miss(): void {
    this.isGone = true;
    this.refuse('it does not have the file any more');
  }

  /** What is told of it, with bytes of its that are not verified yet. */
  facts(nowMs: number, unverifiedBytes: number): LoadSource {
    const { nodeId, problem } = this;
    const loadedBytes = this.loadedBytes + unverifiedBytes;
    const bytesPerSecond = this.state === 'usable' ? Math.round(this.rate.perSecond(nowMs) ?? 0) : 0;
    return { nodeId, label: this.peer.label, loadedBytes, bytesPerSecond, problem };
  }
}
