import { KacheryError } from '../../core/failure.js';
import { type CallerConnection } from './caller-connection.js';
import { type Link } from './link.js';

/** The two connections that this node dials to another one, one for each direction of calls. When one of them ends, so does the other. */
export class DialedPair {
  private idleSinceMs: number | undefined;

  constructor(
    readonly link: Link,
    readonly caller: CallerConnection,
  ) {
    const closeCaller = (): void => void caller.close(link.signal.reason as KacheryError);
    if (link.signal.aborted) closeCaller();
    else link.signal.addEventListener('abort', closeCaller, { once: true });
    caller.whenClosed(() => {
      link.close(new KacheryError('node-unreachable', 'The connection over which the other node calls this one has ended.', { node: link.nodeId }));
    });
  }

  /** Closes both if neither has carried a call for so long. Asked in a steady rhythm, it counts from the first time that it found them idle. */
  closeIfIdle(idleMs: number, why = 'because another one with the same node does as well'): void {
    const nowMs = performance.now();
    const isIdle = this.link.channel.openCalls === 0 && this.caller.openCalls === 0;
    this.idleSinceMs = isIdle ? (this.idleSinceMs ?? nowMs) : undefined;
    if (this.idleSinceMs === undefined || nowMs - this.idleSinceMs < idleMs) return;
    this.link.close(new KacheryError('node-unreachable', `The connection was closed ${why}.`, { node: this.link.nodeId }));
  }
}
