/** What is done later. Tests pass one of their own, whose time passes as they say. */
export interface Timers {
  /** Calls `act` once after so many milliseconds, unless the function that it returns is called before. Does not keep the process alive. */
  after(delayMs: number, act: () => void): () => void;
}

/** The machine's own. */
export const systemTimers: Timers = {
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
