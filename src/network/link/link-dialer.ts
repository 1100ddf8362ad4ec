import { type NodeId } from '../../core/node-id.js';
import { type LinkKind, linkKinds } from '../link-facts.js';
import { type Carrier, type Destination } from './carrier.js';
import { type Attempt, firstToSucceed } from './first-to-succeed.js';
import { type LinkProtocol, linkProtocols } from './link-protocol.js';
import { type LinkTiming } from './link-timing.js';
import { type SecureHandshakes } from './secure-handshakes.js';
import { type SecureStream } from './secure-stream.js';

/** A way to a node: who carries the bytes, and to where. */
export interface Route {
  readonly carrier: Carrier;
  readonly destination: Destination;
}

/** A stream that was secured, and the way that it went. */
export interface DialedStream {
  readonly secure: SecureStream;
  readonly route: Route;
}

/** Hears how dialing an address ended. */
export type OnDialed = (route: Route, error: unknown) => void;

/** Makes secured streams to other nodes. */
export class LinkDialer {
  constructor(
    private readonly carriers: readonly Carrier[],
    private readonly handshakes: Pick<SecureHandshakes, 'asDialer'>,
    private readonly timing: Pick<LinkTiming, 'nextAddressMs' | 'nextKindMs'>,
  ) {}

  /** All ways to a node, the best kind first; only kinds better than one that is named. */
  routesTo(nodeId: NodeId, betterThan?: LinkKind): readonly Route[] {
    const carriers = this.inOrder().filter(({ kind }) => betterThan === undefined || linkKinds.indexOf(kind) < linkKinds.indexOf(betterThan));
    return carriers.flatMap((carrier) => carrier.destinationsOf(nodeId).map((destination) => ({ carrier, destination })));
  }

  /** The ways to an address of which nobody says whose node is there. */
  routesToAddress(address: string): readonly Route[] {
    return this.inOrder()
      .filter((carrier) => carrier.takes(address))
      .map((carrier) => ({ carrier, destination: { address, nodeId: undefined } }));
  }

  /** A stream over which this node calls, by the way that answers first. Fails with `node-unreachable`, which tells what went wrong on each, or `cancelled`. */
  async dialToCall(routes: readonly Route[], { signal, onDialed }: { readonly signal: AbortSignal; readonly onDialed: OnDialed }): Promise<DialedStream> {
    const attempts = routes.map((route, number): Attempt<DialedStream> => {
      const isNewKind = number > 0 && routes[number - 1]?.carrier.kind !== route.carrier.kind;
      return {
        startAfterMs: isNewKind ? this.timing.nextKindMs : this.timing.nextAddressMs,
        run: async (attemptSignal) => {
          try {
            const secure = await this.dial(route, linkProtocols.call, attemptSignal);
            onDialed(route, undefined);
            return { secure, route };
          } catch (error) {
            if (!attemptSignal.aborted) onDialed(route, error);
            throw error;
          }
        },
      };
    });
    return firstToSucceed(attempts, { signal, discard: ({ secure }) => secure.socket.destroy() });
  }

  /** A stream over which the other node calls, by a way that has just worked, to the same node. */
  async dialToServe({ route, secure }: DialedStream, signal: AbortSignal): Promise<SecureStream> {
    const destination = { ...route.destination, nodeId: secure.nodeId };
    return this.dial({ ...route, destination }, linkProtocols.serve, signal);
  }

  private async dial({ carrier, destination }: Route, protocol: LinkProtocol, signal: AbortSignal): Promise<SecureStream> {
    const stream = await carrier.dial(destination, { signal });
    return this.handshakes.asDialer(stream, { ...destination, protocol }, { signal });
  }

  private inOrder(): readonly Carrier[] {
    const rank = (kind: LinkKind): number => linkKinds.indexOf(kind);
    return [...this.carriers].sort((one, other) => rank(one.kind) - rank(other.kind));
  }
}
