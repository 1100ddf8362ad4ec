// What this program uses of hyperdht 6.34, which has no types of its own.
declare module 'hyperdht' {
  import { type EventEmitter } from 'node:events';

  interface KeyPair {
    readonly publicKey: Buffer;
    readonly secretKey: Buffer;
  }

  interface DhtAddress {
    readonly host: string;
    readonly port: number;
  }

  /** A stream of streamx: much like one of Node, but none. */
  interface DhtStream extends EventEmitter {
    readonly rawStream: { readonly remoteHost: string | null; readonly remotePort: number };
    write(data: Uint8Array): boolean;
    end(): void;
    pause(): void;
    resume(): void;
    destroy(error?: Error): void;
  }

  interface DhtServer extends EventEmitter {
    readonly relayAddresses: readonly DhtAddress[];
    listen(keyPair: KeyPair): Promise<void>;
    close(): Promise<void>;
  }

  interface DhtQuery<Reply> extends AsyncIterable<Reply> {
    readonly closestNodes: readonly DhtAddress[];
    finished(): Promise<void>;
    destroy(error?: Error): void;
  }

  interface LookupReply {
    readonly peers: readonly { readonly publicKey: Buffer; readonly relayAddresses: readonly DhtAddress[] }[];
  }

  interface DhtOptions {
    readonly bootstrap: readonly (string | DhtAddress)[];
    readonly port?: number;
    readonly host?: string;
    readonly firewalled?: boolean;
    readonly ephemeral?: boolean;
    readonly connectionKeepAlive?: number;
  }

  class DHT extends EventEmitter {
    static readonly BOOTSTRAP: readonly string[];
    static keyPair(seed: Uint8Array): KeyPair;
    static bootstrapper(port: number, host: string, options?: Partial<DhtOptions>): DHT;
    constructor(options: DhtOptions);
    address(): DhtAddress;
    fullyBootstrapped(): Promise<void>;
    createServer(onConnection: (stream: DhtStream) => void): DhtServer;
    connect(publicKey: Buffer, options: { readonly keyPair: KeyPair }): DhtStream;
    announce(topic: Buffer, keyPair: KeyPair, relayAddresses: readonly DhtAddress[]): DhtQuery<unknown>;
    lookup(topic: Buffer): DhtQuery<LookupReply>;
    destroy(options?: { readonly force?: boolean }): Promise<void>;
  }

  export { DHT as default, type DhtAddress, type DhtOptions, type DhtQuery, type DhtServer, type DhtStream, type KeyPair, type LookupReply };
}
