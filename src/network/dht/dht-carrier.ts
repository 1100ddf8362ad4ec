import { type DhtStream, type KeyPair } from 'hyperdht';
import { type Duplex } from 'node:stream';

import { throwIfCancelled } from '../../core/cancellation.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type AddressBook } from '../addresses/address-book.js';
import { formatNetworkAddress } from '../addresses/network-address.js';
import { type Carrier, type Destination, type IncomingStream } from '../link/carrier.js';
import { unreachable } from '../link/unreachable.js';
import { type LinkKind } from '../link-facts.js';
import { type Membership } from '../membership.js';
import { type NodeIdentity } from '../node-identity.js';
import { type RequestOptions } from '../peer.js';
import { formatDhtAddress, parseDhtAddress } from './dht-address.js';
import { DhtDuplex } from './dht-duplex.js';
import { dhtKeySeed, dhtTopic } from './dht-names.js';
import { DhtPresence } from './dht-presence.js';
import { type DhtConfig, openDht, type OpenDht } from './open-dht.js';

/** What a DHT carrier works with. */
export interface DhtCarrierParts {
  readonly identity: Pick<NodeIdentity, 'privateKey'>;
  readonly membership: Pick<Membership, 'members' | 'watch'>;
  readonly addresses: AddressBook;
  readonly random: () => number;
  readonly log: StructuredLog;
}

const problems: Readonly<Record<string, string>> = {
  PEER_NOT_FOUND: 'nobody in the DHT knows it any more',
  HOLEPUNCH_ABORTED: 'no hole could be punched through the routers between the two nodes',
  HOLEPUNCH_DOUBLE_RANDOMIZED_NATS: 'both nodes are behind routers through which no hole can be punched',
  CANNOT_HOLEPUNCH: 'no hole can be punched through the routers between the two nodes',
  PEER_CONNECTION_FAILED: 'it does not answer',
};

/** Streams of hyperdht: members of a channel find each other in a distributed hash table, and punch holes through the NATs of their routers over UDP. */
export class DhtCarrier implements Carrier {
  readonly kind: LinkKind = 'hole-punched';
  private opening: Promise<OpenDht> | undefined;
  private onStream: ((incoming: IncomingStream) => void) | undefined;
  private stopWatching: (() => void) | undefined;
  /** By the address of the channel. */
  private readonly presences = new Map<string, DhtPresence>();
  /** What was found lately in each channel, by its address. */
  private readonly found = new Map<string, readonly string[]>();

  constructor(
    private readonly parts: DhtCarrierParts,
    private readonly config: DhtConfig,
  ) {}

  takes(address: string): boolean {
    return parseDhtAddress(address) !== undefined;
  }

  destinationsOf(nodeId: NodeId): readonly Destination[] {
    const seeds = this.parts.addresses.seeds();
    return seeds.filter((seed) => seed.nodeId === nodeId && this.takes(seed.address)).map(({ address }) => ({ address, nodeId }));
  }

  async dial({ address }: Destination, { signal }: RequestOptions): Promise<Duplex> {
    throwIfCancelled(signal);
    const publicKey = parseDhtAddress(address);
    const keyPair = this.keyPairFor(address);
    if (!publicKey || !keyPair || !this.opening) throw unreachable(address, 'it is not in the DHT any more');
    const { dht } = await this.opening;
    const stream = dht.connect(publicKey, { keyPair });
    return new Promise((resolve, reject) => {
      const duplex = new DhtDuplex(stream);
      const stop = (): void => {
        reject(new KacheryError('cancelled', 'The attempt to connect was given up.', {}, { cause: signal?.reason }));
        duplex.destroy();
      };
      const fail = (error?: Error & { readonly code?: string }): void => {
        signal?.removeEventListener('abort', stop);
        reject(unreachable(address, problems[error?.code ?? ''] ?? error?.message ?? 'it hung up', { cause: error }));
      };
      signal?.addEventListener('abort', stop, { once: true });
      stream.once('error', fail);
      stream.once('close', fail);
      stream.once('open', () => {
        signal?.removeEventListener('abort', stop);
        resolve(duplex);
      });
    });
  }

  async listen(onStream: (incoming: IncomingStream) => void): Promise<void> {
    this.onStream = onStream;
    if (this.opening) return;
    this.opening = openDht(this.config);
    await this.opening;
    if (!this.isListening()) return;
    this.stopWatching = this.parts.membership.watch(() => void this.follow());
    await this.follow();
  }

  listeningAddresses(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    this.onStream = undefined;
    this.stopWatching?.();
    for (const presence of this.presences.values()) presence.close();
    this.presences.clear();
    return Promise.resolve();
  }

  async release(): Promise<void> {
    const opened = await this.opening?.catch(() => undefined);
    this.opening = undefined;
    await opened?.close();
  }

  /** Is present in all channels in which there is somebody to talk to, and in no other. */
  private async follow(): Promise<void> {
    const opened = await this.opening;
    if (!opened || !this.isListening()) return;
    const wanted = new Set([...this.parts.membership.members().values()].flatMap(({ channels }) => channels));
    for (const [channel, presence] of this.presences) {
      if (wanted.has(channel)) continue;
      presence.close();
      this.presences.delete(channel);
      this.found.delete(channel);
    }
    for (const channel of wanted) if (!this.presences.has(channel)) this.presences.set(channel, this.join(channel, opened));
    this.tellSeeds();
  }

  private join(channel: string, { dht, library }: OpenDht): DhtPresence {
    const topic = dhtTopic(channel);
    const { random, identity, log } = this.parts;
    return new DhtPresence({
      ...{ dht, topic, random },
      keyPair: library.keyPair(dhtKeySeed(identity, topic)),
      server: dht.createServer((stream) => {
        this.accept(stream);
      }),
      onFound: (publicKeys) => {
        this.remember(channel, publicKeys);
      },
      onFailure: (error) => {
        log.info({ problem: String(error) }, 'the DHT could not be asked for members of a channel; this is tried again');
      },
    });
  }

  private accept(stream: DhtStream): void {
    const { remoteHost, remotePort } = stream.rawStream;
    const duplex = new DhtDuplex(stream);
    if (!this.onStream || remoteHost === null) duplex.destroy();
    else this.onStream({ stream: duplex, remoteAddress: formatNetworkAddress({ host: remoteHost, port: remotePort }), source: remoteHost });
  }

  /** What a round did not find again may be found by the next: it gives way only to others. */
  private remember(channel: string, publicKeys: readonly Buffer[]): void {
    const before = this.found.get(channel) ?? [];
    const now = publicKeys.map(formatDhtAddress);
    this.found.set(channel, [...new Set([...now, ...before])].slice(0, limits.maxDhtPeers));
    this.tellSeeds();
  }

  private tellSeeds(): void {
    this.parts.addresses.setSeeds('dht', [...new Set([...this.found.values()].flat())]);
  }

  /** It may have been closed while it waited for something. */
  private isListening(): boolean {
    return this.onStream !== undefined;
  }

  private keyPairFor(address: string): KeyPair | undefined {
    const [channel] = [...this.found].find(([, addresses]) => addresses.includes(address)) ?? [];
    return channel === undefined ? undefined : this.presences.get(channel)?.keyPair;
  }
}
