import { type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { tunnelDefinition } from '../../rpc/codec/tunnel-definition.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId, parseNodeId } from '../../core/node-id.js';
import { type Caller } from '../caller.js';
import { type Link } from '../link/link.js';
import { type Membership } from '../membership.js';
import { type FairShare } from '../serving/fair-share.js';
import { dialTunnel } from './dial-tunnel.js';
import { Silence } from './silence.js';

/** Who wants a tunnel. */
export type TunnelCaller = Pick<Caller, 'nodeId' | 'kind' | 'sharedTags'>;

/** What a relay works with. */
export interface TunnelRelayParts {
  readonly membership: Pick<Membership, 'relays' | 'watch'>;
  /** The links to other nodes as they are now. */
  readonly connected: () => readonly Link[];
  /** What tunnels may take of this node's line, all together. */
  readonly share: FairShare;
}

/** How patient a relay is. */
export interface TunnelRelayOptions {
  /** How long a tunnel may carry nothing. */
  readonly idleMs: number;
}

/** Passes bytes on between members of a channel that cannot reach each other, where the channel says that this node may. */
export class TunnelRelay {
  private readonly recheck = new Set<() => void>();
  private readonly stopWatching: () => void;

  constructor(
    private readonly parts: TunnelRelayParts,
    private readonly options: TunnelRelayOptions,
  ) {
    this.stopWatching = parts.membership.watch(() => {
      for (const recheck of this.recheck) recheck();
    });
  }

  /**
   * Connects a caller with another node, and resolves when one of them has ended the tunnel; `onOpen` hears when it stands. Fails with `not-authorized`,
   * `node-unreachable`, `not-supported` for a tunnel inside a tunnel, `too-busy`, `deadline-exceeded` if it carries nothing for too long, and as parseNodeId.
   */
  async open(caller: TunnelCaller, targetNodeId: string, near: Duplex, onOpen: () => void): Promise<void> {
    const target = parseNodeId(targetNodeId);
    const link = this.linkTo(target, caller);
    const { share } = this.parts;
    const leave = [share.begin(caller.nodeId)];
    try {
      leave.push(share.begin(target));
      const far = await this.dial(link, caller, near);
      onOpen();
      await this.carry(caller, { near, far, link });
    } finally {
      for (const each of leave) each();
    }
  }

  /** Forgets the channels. Tunnels end with the connections that they go over. */
  close(): void {
    this.stopWatching();
  }

  /** Who is not authorised does not learn whether the target is connected. */
  private linkTo(target: NodeId, caller: TunnelCaller): Link {
    this.checkAllowed(caller, target, undefined);
    if (caller.kind === 'relayed') throw inTunnel();
    const link = this.parts.connected().find(({ nodeId }) => nodeId === target);
    if (!link) throw new KacheryError('node-unreachable', 'The relay is not connected with the target now.', { node: target });
    if (link.origin.kind === 'relayed') throw inTunnel();
    this.checkAllowed(caller, target, link);
    return link;
  }

  private checkAllowed(caller: TunnelCaller, target: NodeId, link: Link | undefined): void {
    const ofTarget = link?.sharedTags();
    const tags = caller.sharedTags().filter((tag) => ofTarget?.includes(tag) ?? true);
    if (caller.nodeId !== target && this.parts.membership.relays(caller.nodeId, target, tags)) return;
    throw new KacheryError('not-authorized', 'No channel in which this node is a relay lets the caller and the target talk.', { node: target });
  }

  private async dial(link: Link, caller: TunnelCaller, near: Duplex): Promise<Duplex> {
    const gone = new AbortController();
    const stop = (): void => {
      gone.abort();
    };
    near.once('close', stop);
    try {
      return await dialTunnel(link.channel.duplex(tunnelDefinition.acceptTunnel), {
        ...{ node: link, signal: gone.signal, timeoutMs: limits.connectMs },
        first: { callerNodeId: caller.nodeId, data: Buffer.alloc(0) },
        messageOf: (data) => ({ callerNodeId: '', data }),
      });
    } finally {
      near.off('close', stop);
    }
  }

  private async carry(caller: TunnelCaller, { near, far, link }: { readonly near: Duplex; readonly far: Duplex; readonly link: Link }): Promise<void> {
    const ending = new AbortController();
    const end = (error: unknown): void => {
      ending.abort(error);
    };
    const recheck = (): void => {
      try {
        this.checkAllowed(caller, link.nodeId, link);
      } catch (error) {
        end(error);
      }
    };
    const silence = new Silence(this.options.idleMs, end);
    const paced = (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> => this.paced(source, caller.nodeId, silence, ending.signal);
    this.recheck.add(recheck);
    try {
      const { signal } = ending;
      await Promise.all([pipeline(near, paced, far, { signal }), pipeline(far, paced, near, { signal })]);
    } catch (error) {
      throw ending.signal.aborted ? ending.signal.reason : broken(error);
    } finally {
      silence.release();
      this.recheck.delete(recheck);
      ending.abort(new KacheryError('cancelled', 'The tunnel has ended.'));
      far.destroy();
    }
  }

  private async *paced(source: AsyncIterable<Buffer>, nodeId: NodeId, silence: Silence, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    for await (const data of source) {
      silence.broken();
      await this.parts.share.take(nodeId, data.byteLength, signal);
      yield data;
    }
  }
}

/** Which of the two hung up, and how, is not for the relay to judge. */
function broken(cause: unknown): KacheryError {
  return new KacheryError('node-unreachable', 'One of the two nodes has ended the tunnel.', {}, { cause });
}

function inTunnel(): KacheryError {
  return new KacheryError('not-supported', 'A tunnel does not go through another tunnel: the relay has to be connected with both nodes without one.');
}
