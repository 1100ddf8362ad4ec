import { readFile } from 'node:fs/promises';

import { connect } from '../../src/client/index.js';
import { secondsOf } from '../measure.js';
import { serveOperations } from '../processes/serve-operations.js';
import { randomContents, randomStream } from '../random-content.js';

/** Works with TypeScript clients as the environment describes them. */
const client = await connect();

await serveOperations({
  store: async ({ path }) => {
    let uri = '';
    const seconds = await secondsOf(async () => {
      uri = await client.storeFile(String(path));
    });
    return { seconds, uri };
  },
  load: ({ uri }) => secondsOf(() => client.loadFile(String(uri))),
  loadBytes: ({ uri, start, end }) => secondsOf(() => client.loadBytes(String(uri), { start: Number(start), end: Number(end) })),
  loadSmall: ({ uris }) => secondsOf(() => countAll(client.loadFiles(uris as string[]))),
  delete: ({ uri }) => client.deleteFile(String(uri)),
  read: ({ uri, sizeBytes }) => secondsOf(() => readAll(String(uri), Number(sizeBytes))),
  bareCalls: ({ count }) => secondsOf(() => repeat(Number(count), () => client.getNode())),
  storeTogether: ({ count, sizeBytes }) => {
    const files = randomContents(Number(count), Number(sizeBytes)).map((content) => ({ content }));
    return secondsOf(() => client.storeFiles(files));
  },
  storeSmall: ({ count, sizeBytes }) => client.storeFiles(randomContents(Number(count), Number(sizeBytes)).map((content) => ({ content }))),
  storeOneByOne: async ({ count, sizeBytes }) => {
    const contents = randomContents(Number(count), Number(sizeBytes));
    return secondsOf(async () => {
      for (const content of contents) await client.storeBytes(content);
    });
  },
  look: async ({ urisPath }) => {
    const uris = JSON.parse(await readFile(String(urisPath), 'utf8')) as string[];
    return secondsOf(async () => {
      for (const uri of uris) await client.stat(uri);
    });
  },
  storeStreams: ({ clients, sizeBytes }) => Promise.all(Array.from({ length: Number(clients) }, () => storeStream(Number(sizeBytes)))),
  readStreams: ({ uris, sizeBytes }) => Promise.all((uris as string[]).map((uri) => withOwnClient((own) => readAll(uri, Number(sizeBytes), own)))),
});
await client.close();

async function countAll(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

async function readAll(uri: string, sizeBytes: number, reader = client): Promise<void> {
  let taken = 0;
  for await (const data of reader.readFile(uri)) taken += data.length;
  if (taken !== sizeBytes) throw new Error(`read ${String(taken)} of ${String(sizeBytes)} bytes`);
}

function storeStream(sizeBytes: number): Promise<string> {
  return withOwnClient((own) => own.storeStream(randomStream(sizeBytes)));
}

async function withOwnClient<Result>(work: (own: typeof client) => Promise<Result>): Promise<Result> {
  const own = await connect();
  try {
    return await work(own);
  } finally {
    await own.close();
  }
}

async function repeat(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done++) await work();
}
