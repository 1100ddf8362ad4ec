import { type default as DHT, type DhtQuery, type DhtServer, type KeyPair } from 'hyperdht';

import { limits } from '../../core/limits.js';

/** What a presence works with. */
export interface DhtPresenceParts {
  readonly dht: DHT;
  readonly server: DhtServer;
  readonly topic: Buffer;
  /** What this node announces under the topic. */
  readonly keyPair: KeyPair;
  readonly random: () => number;
  /** Hears which keys are announced under the topic, this node's own left out. */
  readonly onFound: (publicKeys: readonly Buffer[]) => void;
  /** Hears why a round failed; another one follows. */
  readonly onFailure: (error: unknown) => void;
}

/** This node's presence under one topic: it announces itself and looks who else is there, soon after the start and then every few minutes. */
export class DhtPresence {
  private timer: NodeJS.Timeout | undefined;
  private query: DhtQuery<unknown> | undefined;
  private rounds = 0;
  private readonly closing = new AbortController();

  /** Starts at once. Has to be closed. */
  constructor(private readonly parts: DhtPresenceParts) {
    void this.begin();
  }

  /** Of the key that this node announces. */
  get keyPair(): KeyPair {
    return this.parts.keyPair;
  }

  /** Ends it; what was announced is forgotten by the others after a while. May be called again. */
  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
    this.query?.destroy();
    this.parts.server.close().catch(() => undefined);
  }

  private async begin(): Promise<void> {
    try {
      await this.parts.server.listen(this.parts.keyPair);
    } catch (error) {
      this.parts.onFailure(error);
    }
    await this.round();
  }

  /** Announces first: of two nodes that come at once, at least one then sees the other. */
  private async round(): Promise<void> {
    if (this.isClosed()) return;
    try {
      await this.announce();
      this.parts.onFound(await this.find());
    } catch (error) {
      if (!this.isClosed()) this.parts.onFailure(error);
    }
    if (this.isClosed()) return;
    const pauseMs = Math.min(limits.dhtRefreshMs, limits.dhtFirstRefreshMs * 4 ** this.rounds++);
    this.timer = setTimeout(() => void this.round(), pauseMs * (0.9 + this.parts.random() / 5)).unref();
  }

  private async announce(): Promise<void> {
    const { dht, topic, keyPair, server } = this.parts;
    const query = dht.announce(topic, keyPair, server.relayAddresses);
    this.query = query;
    await query.finished();
  }

  private async find(): Promise<readonly Buffer[]> {
    const { dht, topic, keyPair } = this.parts;
    const found = new Map<string, Buffer>();
    const query = dht.lookup(topic);
    this.query = query;
    for await (const { peers } of query) {
      for (const { publicKey } of peers) if (found.size < limits.maxDhtPeers) found.set(publicKey.toString('hex'), publicKey);
    }
    found.delete(keyPair.publicKey.toString('hex'));
    return [...found.values()];
  }

  private isClosed(): boolean {
    return this.closing.signal.aborted;
  }
}
