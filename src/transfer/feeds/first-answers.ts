/** How answers are waited for. */
export interface AnswerWait {
  /** How long the others are waited for once one has answered. */
  readonly graceMs: number;
  /** Ends the wait with what has come. */
  readonly signal: AbortSignal;
}

/**
 * The answers that questions bring, but not those that come long after the first. `ask` is called once for each target, with a signal that is aborted when nobody
 * waits for its answer any more; one that fails brings nothing, and `onFailure` hears of it.
 */
export async function firstAnswers<Target, Answer>(
  targets: readonly Target[],
  ask: (target: Target, signal: AbortSignal) => Promise<Answer>,
  { graceMs, signal }: AnswerWait,
  onFailure: (target: Target, error: unknown) => void,
): Promise<Answer[]> {
  const waiting = new AbortController();
  const answers: Answer[] = [];
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    waiting.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const ended = new Promise<void>((resolve) => {
    waiting.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  const asked = targets.map(async (target) => {
    try {
      answers.push(await ask(target, waiting.signal));
      timer ??= setTimeout(end, graceMs);
    } catch (error) {
      if (!waiting.signal.aborted) onFailure(target, error);
    }
  });
  await Promise.race([Promise.all(asked), ended]);
  clearTimeout(timer);
  signal.removeEventListener('abort', end);
  // What comes later belongs to nobody.
  const result = [...answers];
  end();
  return result;
}
