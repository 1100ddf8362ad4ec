import { type ExecutionContext } from 'ava';

import { type ClientOptions, connect, type KacheryClient } from '../../src/client/index.js';
import { type TestDaemon } from './daemon.js';

/** A client of a daemon, as its owner has it unless `options` say otherwise; closed when the test ends. */
export async function connectSdk(t: ExecutionContext, daemon: TestDaemon, options: ClientOptions = {}): Promise<KacheryClient> {
  const client = await connect({ environment: daemon.environment, ...options });
  t.teardown(() => client.close());
  return client;
}

/** The first `count` items of a source, which is left then. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) if (taken.push(item) === count) break;
  return taken;
}

/** All items of a source that ends. */
export async function allItems<T>(items: AsyncIterable<T>): Promise<T[]> {
  return take(items, Infinity);
}
