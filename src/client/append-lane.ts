import {
  type AppendMessagesRequest,
  type AppendMessagesResponse,
  FeedServiceService as service,
  type StreamAppendsRequest,
} from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { type FailureReason, isKacheryError, KacheryError } from '../core/failure.js';
import { type Daemon } from './daemon.js';
import { type Exchange } from './exchange.js';
import { required } from './file-info.js';

/** How long the call stays open with nothing to append; a program that ends waits for it. */
const idleMs = 100;

/** Failures of the connection, not of an append. */
const connectionFailures: readonly FailureReason[] = ['daemon-not-running', 'daemon-stopping', 'deadline-exceeded', 'cancelled'];

interface Waiting {
  readonly request: AppendMessagesRequest;
  readonly resolve: (response: AppendMessagesResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** A call that is open, or is being opened as long as there is no exchange. */
interface Lane {
  exchange: Exchange<StreamAppendsRequest> | undefined;
}

/**
 * Appends over one call, which stays open as long as there is something to append: a call for each append would cost several times as much. Appends begin in
 * the order in which they are asked for.
 */
export class AppendLane {
  private readonly waiting: Waiting[] = [];
  private current: Lane | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(private readonly daemon: Daemon) {}

  /** Appends; the request needs an id, since it may be sent again. Fails as AppendMessages. */
  append(request: AppendMessagesRequest): Promise<AppendMessagesResponse> {
    clearTimeout(this.idleTimer);
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      if (this.current) this.current.exchange?.send({ append: request });
      else void this.open();
    });
  }

  private async open(): Promise<void> {
    const lane: Lane = { exchange: undefined };
    this.current = lane;
    try {
      lane.exchange = await this.daemon.exchange(service.streamAppends, {
        onAnswer: ({ appended }) => {
          this.settleFirst(lane, required(appended, 'appended'));
        },
        onEnd: (failure) => {
          this.takeEnd(lane, failure);
        },
      });
      for (const { request } of this.waiting) lane.exchange.send({ append: request });
    } catch (error) {
      this.current = undefined;
      for (const { reject } of this.waiting.splice(0)) reject(error);
    }
  }

  private settleFirst(lane: Lane, response: AppendMessagesResponse): void {
    this.waiting.shift()?.resolve(response);
    if (this.waiting.length > 0) return;
    this.idleTimer = setTimeout(() => {
      this.current = undefined;
      lane.exchange?.end();
    }, idleMs);
  }

  /** What fails is the first append that has no answer; those behind it are sent again. */
  private takeEnd(lane: Lane, failure: KacheryError | undefined): void {
    if (this.current !== lane) return;
    clearTimeout(this.idleTimer);
    this.current = undefined;
    const error = failure ?? new KacheryError('daemon-stopping', 'The daemon ended the call that appends messages.');
    const failed = connectionFailures.some((reason) => isKacheryError(error, reason)) ? this.waiting.length : 1;
    for (const { reject } of this.waiting.splice(0, failed)) reject(error);
    if (this.waiting.length > 0) void this.open();
  }
}
