import { type KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type MessageBlock } from './message-block.js';

/** Who wants to hear of a subfeed. */
export interface GrowthListener {
  /** The subfeed has these messages at its end now. */
  grew(blocks: readonly MessageBlock[]): void;
  /** The feed was deleted, or two histories of the subfeed were found; `failure` says so. */
  failed(failure: KacheryError): void;
}

/** Tells of messages when they are on disk, and of what ends a subfeed. Keeps nothing. */
export class SubfeedGrowth {
  private readonly listeners = new Map<string, Set<GrowthListener>>();

  /** Listens to a subfeed until the function that it returns is called. */
  listen(subfeed: SubfeedAddress, listener: GrowthListener): () => void {
    const name = nameOf(subfeed);
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(name) === listeners) this.listeners.delete(name);
    };
  }

  /** Tells that a subfeed has new messages. */
  tellGrown(subfeed: SubfeedAddress, blocks: readonly MessageBlock[]): void {
    for (const listener of this.listeners.get(nameOf(subfeed)) ?? []) listener.grew(blocks);
  }

  /** Tells that nothing more comes of a subfeed, with the failure that says why. */
  tellFailed(subfeed: SubfeedAddress, failure: KacheryError): void {
    for (const listener of this.listeners.get(nameOf(subfeed)) ?? []) listener.failed(failure);
  }

  /** Tells that a feed was deleted, with the failure that says so. */
  tellDeleted(id: FeedId, failure: KacheryError): void {
    for (const [name, listeners] of this.listeners) if (name.startsWith(id)) for (const listener of listeners) listener.failed(failure);
  }
}

function nameOf({ feedId, subfeedHash }: SubfeedAddress): string {
  return feedId + subfeedHash;
}
