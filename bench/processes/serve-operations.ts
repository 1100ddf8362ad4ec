import { createInterface } from 'node:readline';

/** What a worker can do; what it resolves with is sent back as JSON. */
export type Operations = Readonly<Record<string, (parameters: Readonly<Record<string, unknown>>) => Promise<unknown>>>;

interface Order {
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Carries out what comes as lines of JSON on standard input and answers on standard output; resolves when the input ends. See WorkerProcess. */
export async function serveOperations(operations: Operations): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    console.log(JSON.stringify(await answer(operations, JSON.parse(line) as Order)));
  }
}

async function answer(operations: Operations, { operation, parameters }: Order): Promise<object> {
  try {
    const work = operations[operation];
    if (!work) throw new Error(`no operation ${operation}`);
    return { result: (await work(parameters)) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
