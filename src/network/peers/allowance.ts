import { throwIfCancelled } from '../../core/cancellation.js';
import { type NodeId } from '../../core/node-id.js';
import { type FairShare } from '../serving/fair-share.js';

/** How much may come from one other node: its part of what may come from all of them. */
export class Allowance {
  /** @param share Of all nodes. */
  constructor(
    private readonly share: Pick<FairShare, 'take'>,
    private readonly nodeId: NodeId,
  ) {}

  /** Hands on what comes, as fast as it may: what is held back here is not asked of the node, so that it stops sending. `onHeld` hears of each pause. Fails with `cancelled`. */
  async *pace<Item>(
    items: AsyncGenerator<Item, void, undefined>,
    sizeOf: (item: Item) => number,
    { signal = new AbortController().signal, onHeld }: { readonly signal?: AbortSignal | undefined; readonly onHeld?: ((isHeld: boolean) => void) | undefined },
  ): AsyncGenerator<Item, void, undefined> {
    for await (const item of items) {
      onHeld?.(true);
      await this.take(sizeOf(item), signal);
      onHeld?.(false);
      yield item;
    }
  }

  private async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    try {
      await this.share.take(this.nodeId, sizeBytes, signal);
    } catch (error) {
      throwIfCancelled(signal);
      throw error;
    }
  }
}
