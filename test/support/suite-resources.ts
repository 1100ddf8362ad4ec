import { type ExecutionContext, type TestFn } from 'ava';

/**
 * Something that is made once, before the tests of a file, and is theirs together. `make` may use the teardown of the context that it gets, as in a test; it
 * runs when all tests have ended. The result gives what was made.
 */
export function sharedBefore<Resource>(test: TestFn, make: (t: ExecutionContext) => Promise<Resource>): () => Resource {
  const teardowns: (() => unknown)[] = [];
  let made: { readonly resource: Resource } | undefined;
  test.before(async (t) => {
    const context = Object.assign(Object.create(t) as ExecutionContext, { teardown: (undo: () => unknown) => void teardowns.push(undo) });
    made = { resource: await make(context) };
  });
  test.after.always(async () => {
    for (const undo of teardowns.reverse()) await undo();
  });
  return () => {
    if (!made) throw new Error('The tests have not begun yet.');
    return made.resource;
  };
}
