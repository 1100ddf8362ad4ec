import { type KacheryError } from '../core/failure.js';

/** A call in which every request gets one answer, in order, and more may be sent before it comes. */
export interface Exchange<Request> {
  send(request: Request): void;
  /** Tells that nothing more is sent. */
  end(): void;
}

/** What hears of the answers of such a call, and of its end. */
export interface ExchangeListener<Response> {
  readonly onAnswer: (response: Response) => void;
  /** Heard once, without a failure if both sides have ended the call. */
  readonly onEnd: (failure: KacheryError | undefined) => void;
}
