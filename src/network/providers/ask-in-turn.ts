import { type Timers } from '../../core/timers.js';

/** What came of asking one node: that is enough, it is not, or there was no answer. */
export type TurnAnswer = 'enough' | 'in-vain' | 'failed';

/** How nodes are asked in turn. */
export interface TurnOptions {
  /** How long one may take before the next one is asked beside it. */
  readonly hedgeMs: number;
  readonly timers: Timers;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks one after another, the next one when the one before had no answer, or none that was enough, or takes long; so a good answer costs few questions. Resolves
 * with the number of answers as soon as one is enough, or when there is nobody left. `ask` never rejects.
 */
export function askInTurn<Node>(nodes: readonly Node[], ask: (node: Node) => Promise<TurnAnswer>, options: TurnOptions): Promise<number> {
  return new Promise((resolve) => {
    let [next, underWay, answers, isOver] = [0, 0, 0, false];
    let stopHedge = (): void => undefined;
    const end = (): void => {
      isOver = true;
      stopHedge();
      resolve(answers);
    };
    const hear = (answer: TurnAnswer): void => {
      underWay -= 1;
      if (isOver) return;
      if (answer !== 'failed') answers += 1;
      if (answer === 'enough' || options.signal?.aborted === true) end();
      else askNext();
    };
    const askNext = (): void => {
      stopHedge();
      const node = nodes[next];
      if (node === undefined) {
        if (underWay === 0) end();
        return;
      }
      next += 1;
      underWay += 1;
      stopHedge = options.timers.after(options.hedgeMs, askNext);
      void ask(node).then(hear);
    };
    askNext();
  });
}
