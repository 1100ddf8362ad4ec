import { KacheryError } from '../../core/failure.js';
import { type CallContext } from '../call-context.js';

interface ResumableCall {
  readonly context: CallContext;
  readonly ended: Promise<unknown>;
}

/**
 * The calls that send resumable uploads. A client whose connection broke comes back before this node has noticed, or before it has put away what came; so
 * the later call counts, and begins when the earlier one has let go of the upload.
 */
export class ResumableCalls {
  private readonly calls = new Map<string, ResumableCall>();

  /** Does the work of a call that sends this upload, once an earlier call that does has been ended. */
  async run<Result>(uploadId: string, context: CallContext, work: () => Promise<Result>): Promise<Result> {
    await this.end(uploadId, 'Another call goes on with this upload.');
    context.signal.throwIfAborted();
    const result = work();
    const call = { context, ended: result.catch(() => undefined) };
    this.calls.set(uploadId, call);
    try {
      return await result;
    } finally {
      if (this.calls.get(uploadId) === call) this.calls.delete(uploadId);
    }
  }

  /** Ends the calls that send this upload, and resolves when they have let go of it. */
  async end(uploadId: string, why = 'The upload was aborted.'): Promise<void> {
    for (let call = this.calls.get(uploadId); call; call = this.calls.get(uploadId)) {
      call.context.end(new KacheryError('cancelled', why));
      await call.ended;
    }
  }

  /** Resolves when no call that was given up still holds the upload. */
  async settled(uploadId: string): Promise<void> {
    const call = this.calls.get(uploadId);
    if (call?.context.signal.aborted === true) await call.ended;
  }
}
