import { type Database } from './open-database.js';

type Half = 0 | 1;

interface State {
  readonly current: Half;
  readonly count: number;
}

const countedEvery = 1_000;

/**
 * Strings under strings in a database, not many more than `maxEntries` of them: when half as many have been written, those that were neither written nor read
 * since the half before are dropped, all at once.
 */
export class BoundedMap {
  private current: Half = 0;
  private count = 0;
  private turning: Promise<void> | undefined;

  private constructor(
    private readonly database: Database,
    private readonly prefix: string,
    private readonly maxEntries: number,
  ) {}

  /** The map of this name in a database; names may not contain `!`. */
  static async open(database: Database, name: string, maxEntries: number): Promise<BoundedMap> {
    const map = new BoundedMap(database, `${name}!`, maxEntries);
    const state = await database.get(map.stateKey);
    if (state !== undefined) ({ current: map.current, count: map.count } = JSON.parse(state) as State);
    return map;
  }

  /** The value of a key, or undefined. */
  async get(key: string): Promise<string | undefined> {
    const fresh = await this.database.get(this.keyIn(this.current, key));
    if (fresh !== undefined) return fresh;
    const aged = await this.database.get(this.keyIn(otherHalf(this.current), key));
    if (aged !== undefined) await this.set(key, aged);
    return aged;
  }

  /** Gives a key a value. */
  async set(key: string, value: string): Promise<void> {
    await this.database.put(this.keyIn(this.current, key), value);
    this.count++;
    if (this.count >= this.maxEntries / 2) await (this.turning ??= this.turn());
    else if (this.count % countedEvery === 0) await this.saveState();
  }

  /** Drops the older half and goes on in its place. */
  private async turn(): Promise<void> {
    const next = otherHalf(this.current);
    try {
      await this.database.clear({ gte: this.keyIn(next, ''), lt: `${this.prefix}${String(next)}"` });
      this.current = next;
      this.count = 0;
      await this.saveState();
    } finally {
      this.turning = undefined;
    }
  }

  private async saveState(): Promise<void> {
    await this.database.put(this.stateKey, JSON.stringify({ current: this.current, count: this.count } satisfies State));
  }

  private get stateKey(): string {
    return `${this.prefix}state`;
  }

  /** The character behind `!` is `"`, which ends the range of a half. */
  private keyIn(half: Half, key: string): string {
    return `${this.prefix}${String(half)}!${key}`;
  }
}

function otherHalf(half: Half): Half {
  return half === 0 ? 1 : 0;
}
