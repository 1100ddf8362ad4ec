import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { setMaxListeners } from 'node:events';

import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type Caller, type MemberAddress, type ServeCaller } from '../caller.js';
import { type Greeting, type GreetingAnswer } from '../greeting.js';
import { type LinkKind } from '../link-facts.js';
import { type ChannelTag, type Membership } from '../membership.js';
import { admitGreeted } from './admit-greeted.js';
import { type LinkTiming } from './link-timing.js';
import { type SecureStream } from './secure-stream.js';
import { TrafficMeter } from './traffic-meter.js';
import { watched } from './watched-call.js';

/** What a connection asks of those who own it. */
export interface CallerHost {
  readonly membership: Pick<Membership, 'compare'>;
  readonly timing: Pick<LinkTiming, 'connectMs' | 'refusedLingerMs' | 'drainMs'>;
  readonly serve: ServeCaller;
  /** Answers a greeting whose tags were compared. Fails with `too-busy` if there is no room for another node. */
  answer(
    connection: CallerConnection,
    greeting: Greeting,
    tags: { readonly shared: readonly ChannelTag[]; readonly refused: readonly ChannelTag[] },
  ): GreetingAnswer;
  /** Other members of channels with these tags, as far as they concern this caller. */
  membersOf(tags: readonly ChannelTag[], caller: Pick<Caller, 'nodeId' | 'remoteAddress'>, among?: ReadonlySet<NodeId>): readonly MemberAddress[];
}

/** What is known of a connection before its first call. */
export interface CallerConnectionFacts {
  readonly kind: LinkKind;
  readonly remoteAddress: string;
}

const serverOptions = {
  'grpc.max_receive_message_length': limits.maxMessageBytes,
  'grpc.max_send_message_length': limits.maxMessageBytes,
  'grpc.max_concurrent_streams': limits.maxCallsOfConnection,
  'grpc.enable_channelz': 0,
};

/** A connection over which another node calls this one: a server of gRPC of its own, so that each call is known to be this node's. */
export class CallerConnection implements Caller {
  readonly nodeId: NodeId;
  readonly kind: LinkKind;
  readonly remoteAddress: string;
  readonly meter: TrafficMeter;
  private readonly socket: SecureStream['socket'];
  private readonly server: Server;
  private readonly injector: ConnectionInjector;
  private readonly ending = new AbortController();
  private readonly closed: Promise<void>;
  private told: readonly ChannelTag[] = [];
  private callsUnderWay = 0;
  private closing: Promise<void> | undefined;
  private lingerTimer: NodeJS.Timeout | undefined;
  /** Who does not greet in time is a stranger. */
  private readonly greetTimer: NodeJS.Timeout;

  constructor(
    { socket, nodeId }: SecureStream,
    { kind, remoteAddress }: CallerConnectionFacts,
    private readonly host: CallerHost,
  ) {
    this.nodeId = nodeId;
    this.kind = kind;
    this.remoteAddress = remoteAddress;
    this.socket = socket;
    this.meter = new TrafficMeter(socket);
    const { definition, implementation, options } = host.serve(this);
    const admission = admitGreeted({
      authorize: () => {
        this.authorize();
      },
      onRefused: () => {
        this.closeUnlessAuthorized();
      },
    });
    const interceptors = [admission, ...(options?.interceptors ?? []), this.countCalls];
    this.server = new Server({ ...serverOptions, ...options, interceptors });
    this.server.addService(definition, implementation);
    this.injector = this.server.createConnectionInjector(ServerCredentials.createInsecure());
    this.greetTimer = setTimeout(() => {
      this.closeUnlessAuthorized();
    }, host.timing.connectMs).unref();
    this.closed = closeOf(socket).then(() => {
      this.end();
    });
    setMaxListeners(0, this.ending.signal);
    if (!socket.destroyed) this.injector.injectConnection(socket);
  }

  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** Calls that are under way. */
  get openCalls(): number {
    return this.callsUnderWay;
  }

  /** Whether a channel authorises the caller now. */
  get isAuthorized(): boolean {
    return !this.signal.aborted && this.sharedTags().length > 0;
  }

  greet(greeting: Greeting): GreetingAnswer {
    const tags = this.host.membership.compare(this.nodeId, greeting.tags);
    const answer = this.host.answer(this, greeting, tags);
    this.told = greeting.tags;
    if (tags.shared.length === 0) this.closeSoon();
    return answer;
  }

  authorize(): void {
    if (this.sharedTags().length === 0) throw notAuthorized(this.told.length > 0);
  }

  sharedTags(): readonly ChannelTag[] {
    return this.host.membership.compare(this.nodeId, this.told).shared;
  }

  members(among?: ReadonlySet<NodeId>): readonly MemberAddress[] {
    return this.host.membersOf(this.sharedTags(), this, among);
  }

  /** Unless the caller is authorised now, ends its calls, and closes the connection after a short while, in which it hears why. */
  closeUnlessAuthorized(): void {
    if (this.isAuthorized) return;
    this.ending.abort(notAuthorized(this.told.length > 0));
    this.closeSoon();
  }

  /** Calls `onClose` when the connection has ended. */
  whenClosed(onClose: () => void): void {
    void this.closed.then(onClose);
  }

  /** Ends calls under way with `reason`, tells the caller that no more are taken, and closes the connection; resolves when it is closed. */
  close(reason: KacheryError): Promise<void> {
    return (this.closing ??= this.drain(reason));
  }

  private closeSoon(): void {
    this.lingerTimer ??= setTimeout(() => {
      void this.close(notAuthorized(this.told.length > 0));
    }, this.host.timing.refusedLingerMs);
  }

  private async drain(reason: KacheryError): Promise<void> {
    this.ending.abort(reason);
    clearTimeout(this.lingerTimer);
    this.injector.drain(this.host.timing.drainMs);
    const timer = setTimeout(() => {
      this.socket.destroy();
    }, this.host.timing.drainMs + 100);
    await this.closed;
    clearTimeout(timer);
  }

  private end(): void {
    clearTimeout(this.greetTimer);
    clearTimeout(this.lingerTimer);
    this.ending.abort(new KacheryError('node-unreachable', 'The connection with the caller has ended.', { node: this.nodeId }));
    this.injector.destroy();
    this.server.forceShutdown();
  }

  private readonly countCalls = (_method: unknown, call: Parameters<typeof watched>[0]): ReturnType<typeof watched> =>
    watched(call, (isUnderWay) => {
      this.callsUnderWay += isUnderWay ? 1 : -1;
    });
}

function closeOf(socket: SecureStream['socket']): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', resolve);
  });
}

function notAuthorized(hasGreeted: boolean): KacheryError {
  return new KacheryError(
    'not-authorized',
    hasGreeted
      ? 'No channel that both nodes have joined lists the caller and this node. Ask the owner of the channel to add the node id that is missing.'
      : 'The first call of a connection has to be Greet.',
  );
}
