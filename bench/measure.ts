/** The middle value; the mean of the two middle ones of an even number. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/** How long `work` takes, in seconds. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** A piece of work that tells how many seconds it took; it gets the number of the round, from 0. */
export type TimedWork = (round: number) => Promise<number>;

/**
 * Runs several works in turn, A B A B, so that what slows the machine down for a while slows all of them. The first round warms up caches, memory and
 * compilers and is not counted. Resolves with the seconds of each work, one value a counted round.
 */
export async function alternate<Name extends string>(rounds: number, works: Readonly<Record<Name, TimedWork>>): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const taken = await works[name](round);
      if (round > 0) seconds[name].push(taken);
    }
  }
  return seconds;
}
