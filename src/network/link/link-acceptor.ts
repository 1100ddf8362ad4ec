import { setMaxListeners } from 'node:events';

import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { type LinkKind } from '../link-facts.js';
import { type IncomingStream } from './carrier.js';
import { CallerConnection, type CallerHost } from './caller-connection.js';
import { Link, type LinkParts } from './link.js';
import { linkProtocols } from './link-protocol.js';
import { type Neighbours } from './neighbours.js';
import { type SecureHandshakes } from './secure-handshakes.js';
import { type SecureStream } from './secure-stream.js';
import { Turnstile } from './turnstile.js';

/** What an acceptor works with. */
export interface LinkAcceptorParts {
  readonly ownId: NodeId;
  readonly handshakes: Pick<SecureHandshakes, 'asAcceptor'>;
  readonly host: CallerHost;
  readonly linkParts: LinkParts;
  readonly neighbours: Neighbours;
  readonly log: StructuredLog;
  /** Hears of a connection over which this node can call another one. */
  readonly onLink: (link: Link) => void;
}

/** Takes streams that anybody may have made, and keeps those whose other end is a node that a channel authorises. */
export class LinkAcceptor {
  private readonly turnstile = new Turnstile({
    ...{ max: limits.maxUnprovenConnections, maxFromOne: limits.maxUnprovenFromOneAddress, graceMs: limits.unprovenGraceMs },
    now: () => performance.now(),
  });
  private readonly underWay = new Set<Promise<void>>();
  /** Connections that did not yet become those of a known node. */
  private readonly unproven = new Set<CallerConnection>();
  private readonly closing = new AbortController();

  constructor(private readonly parts: LinkAcceptorParts) {
    setMaxListeners(0, this.closing.signal);
  }

  /** Takes a stream. Never fails: what is not kept is destroyed. */
  accept(incoming: IncomingStream, kind: LinkKind): void {
    const leave = this.closing.signal.aborted ? undefined : this.turnstile.enter(incoming.source, () => incoming.stream.destroy());
    if (!leave) {
      incoming.stream.destroy();
      return;
    }
    const accepting = this.admit(incoming, kind, leave).catch((error: unknown) => {
      leave();
      const { remoteAddress } = incoming;
      this.parts.log.debug({ remoteAddress, problem: error instanceof Error ? error.message : String(error) }, 'a connection was not accepted');
    });
    this.underWay.add(accepting);
    void accepting.finally(() => this.underWay.delete(accepting));
  }

  /** Ends what is not connected yet. Resolves when all of it is closed. */
  async close(reason: KacheryError): Promise<void> {
    this.closing.abort(reason);
    await Promise.all(this.underWay);
    await Promise.all([...this.unproven].map((connection) => connection.close(reason)));
  }

  private async admit({ stream, remoteAddress }: IncomingStream, kind: LinkKind, leave: () => void): Promise<void> {
    const secure = await this.parts.handshakes.asAcceptor(stream, remoteAddress, { signal: this.closing.signal });
    try {
      if (secure.nodeId === this.parts.ownId) throw new KacheryError('not-authorized', 'A node does not talk to itself.');
      if (secure.protocol === linkProtocols.call) this.admitCaller(secure, { kind, remoteAddress }, leave);
      else await this.admitLink(secure, { kind, remoteAddress }, leave);
    } catch (error) {
      secure.socket.destroy();
      throw error;
    }
  }

  /** A caller is a stranger until it has greeted: it leaves the turnstile when the neighbour that it belongs to has it, or when it is gone. */
  private admitCaller(secure: SecureStream, facts: { readonly kind: LinkKind; readonly remoteAddress: string }, leave: () => void): void {
    const { host } = this.parts;
    const connection: CallerConnection = new CallerConnection(secure, facts, {
      membership: host.membership,
      timing: host.timing,
      serve: host.serve,
      membersOf: (tags, caller, among) => host.membersOf(tags, caller, among),
      answer: (caller, greeting, tags) => {
        const answer = host.answer(caller, greeting, tags);
        if (tags.shared.length > 0) {
          this.unproven.delete(caller);
          leave();
        }
        return answer;
      },
    });
    this.unproven.add(connection);
    connection.whenClosed(() => {
      this.unproven.delete(connection);
      leave();
    });
  }

  /** What this node says of itself is only for those that have shown who they are: they greet before they ask to be called. */
  private async admitLink(secure: SecureStream, facts: { readonly kind: LinkKind; readonly remoteAddress: string }, leave: () => void): Promise<void> {
    const { neighbours, linkParts, onLink } = this.parts;
    if (!neighbours.get(secure.nodeId)?.isCalling) throw new KacheryError('not-authorized', 'It has not greeted over a connection of its own.');
    const link = await Link.open(secure, { ...facts, isDialed: false }, linkParts, this.closing.signal);
    leave();
    onLink(link);
  }
}
