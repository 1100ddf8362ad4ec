import { randomBytes } from 'node:crypto';

import { type GetNodeResponse, NodeServiceService } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { cancelled } from '../core/cancellation.js';
import { type Clock, systemClock } from '../core/clock.js';
import { type FailureReason, isKacheryError, KacheryError } from '../core/failure.js';
import { orAborted } from '../core/or-aborted.js';
import { type AccessToken, chooseToken } from './access-token.js';
import { findVisibleStorage } from './find-visible-storage.js';
import { isProvenNode } from './is-proven-node.js';
import { daemonNotRunning } from './rpc-failure.js';
import { type RpcConnection, type RpcOptions } from './rpc-connection.js';
import { type RpcMethod } from './rpc-method.js';
import { type StorageView } from './storage-view.js';

/** How long what the daemon said of itself is believed. */
const probeLifetimeMs = 10_000;

const challengeBytes = 32;

const signsOfAnother: readonly FailureReason[] = ['daemon-not-running', 'daemon-stopping', 'token-invalid', 'token-missing'];

/** What is known of the daemon, for some seconds. */
export interface DaemonProbe extends AccessToken {
  readonly node: GetNodeResponse;
  /** Its storage directory, if this machine sees it. */
  readonly storage: StorageView | undefined;
  /** The connection that it proved itself on, and the only one that gets the token. */
  readonly connectionNumber: number;
}

interface AskedProbe {
  readonly probe: Promise<DaemonProbe>;
  readonly atMs: number;
  readonly connectionNumber: number;
}

/** Where a daemon's storage directory and tokens may be found. */
export interface DaemonPlaces {
  readonly storageDir?: string | undefined;
  readonly configDir: string;
  readonly givenToken?: string | undefined;
  readonly clientToken?: string | undefined;
}

type CallOptions = Omit<RpcOptions, 'token' | 'connectionNumber'>;

/** One daemon: calls to it that carry the caller's token, and what is known of it. */
export class Daemon {
  private latest: AskedProbe | undefined;

  constructor(
    private readonly connection: RpcConnection,
    private readonly places: DaemonPlaces,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Who the daemon is and how this client stands to it; asked again every 10 s. Fails with `daemon-not-running` or `storage-mismatch`. */
  probe(signal?: AbortSignal): Promise<DaemonProbe> {
    const nowMs = this.clock.now();
    // A clock that was set back makes nothing last longer.
    if (this.latest === undefined || Math.abs(nowMs - this.latest.atMs) > probeLifetimeMs) {
      const { connectionNumber } = this.connection;
      const probe = this.ask(connectionNumber, this.latest);
      const asked = { probe, atMs: nowMs, connectionNumber };
      this.latest = asked;
      probe.catch(() => {
        if (this.latest === asked) this.latest = undefined;
      });
    }
    return orAborted(this.latest.probe, signal, cancelled);
  }

  /** Makes a call with one request and one answer. */
  async unary<Request, Response>(method: RpcMethod<Request, Response>, request: Request, options: CallOptions = {}): Promise<Response> {
    const { token, connectionNumber } = await this.proven(options.signal);
    return this.connection.unary(method, request, { ...options, token, connectionNumber }).catch(this.reconsider);
  }

  /** The answers of a call with one request. */
  async *receive<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): AsyncGenerator<Response, void, undefined> {
    const { token, connectionNumber } = await this.proven(options.signal);
    try {
      yield* this.connection.receive(method, request, { ...options, token, connectionNumber });
    } catch (error) {
      this.reconsider(error);
    }
  }

  /** Makes a call with many requests and one answer. */
  async send<Request, Response>(method: RpcMethod<Request, Response>, requests: AsyncIterable<Request>, options: CallOptions = {}): Promise<Response> {
    const { token, connectionNumber } = await this.proven(options.signal);
    return this.connection.send(method, requests, { ...options, token, connectionNumber }).catch(this.reconsider);
  }

  /** Ends the connection. */
  close(): void {
    this.connection.close();
  }

  /** What is known of the daemon that this very connection leads to; another connection may lead to another program. */
  private proven(signal: AbortSignal | undefined): Promise<DaemonProbe> {
    if (this.latest?.connectionNumber !== this.connection.connectionNumber) this.latest = undefined;
    return this.probe(signal);
  }

  /** A daemon that is too busy to answer is what it was before, as long as its connection lasts: over another one, anybody may answer. */
  private async ask(connectionNumber: number, earlier: AskedProbe | undefined): Promise<DaemonProbe> {
    try {
      const challenge = randomBytes(challengeBytes);
      const node = await this.connection.unary(NodeServiceService.getNode, { challenge });
      const storage = await findVisibleStorage(node, this.places.storageDir);
      const isProven = isProvenNode(node.nodeId, challenge, node.proof);
      const access = await chooseToken({ ...this.places, storageDir: storage?.dir }, { nodeId: node.nodeId, address: this.connection.address, isProven });
      return { ...access, node, storage, connectionNumber };
    } catch (error) {
      if (!isKacheryError(error, 'deadline-exceeded')) throw error;
      if (earlier?.connectionNumber === this.connection.connectionNumber) return earlier.probe;
      throw daemonNotRunning(this.connection.address, 'it did not answer in time', error);
    }
  }

  /** A daemon that is gone or refuses the token may not be the one that was asked last. */
  private readonly reconsider = (error: unknown): never => {
    if (error instanceof KacheryError && signsOfAnother.includes(error.reason)) this.latest = undefined;
    throw error;
  };
}
