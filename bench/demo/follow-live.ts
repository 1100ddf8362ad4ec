import { connect } from '../../src/client/index.js';
import { expectDigest } from './expect-digest.js';
import { runCommand } from './load-with-command.js';
import { type Original, type Stage } from './stage.js';

const linesTogether = 100;

/** Appends the lines of a text to a feed in Python, while TypeScript and the command line follow it. */
export async function followLive(stage: Stage, { name, sizeBytes, sha256 }: Original): Promise<void> {
  const { narrator, python, daemon, signal } = stage;
  narrator.chapter('Follow a feed');
  const { uri } = await narrator.step("kp.create_feed('demo')", async () => {
    const subfeed = String(await python.call('create_subfeed', { feed_name: 'demo', subfeed_name: name }));
    return { uri: subfeed, details: [subfeed] };
  });
  const client = await connect({ environment: daemon.environment });
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  try {
    const subfeed = await client.feeds.loadSubfeed(uri, { signal });
    const followed = collectLines(subfeed.follow({ signal: stop }), sizeBytes);
    const commanded = runCommand({ daemon, signal: stop }, ['feed', 'follow', uri, '--max', String(await lineCount(stage, name))]);
    for (const follower of [followed, commanded]) follower.catch(() => undefined);
    await narrator.step(`subfeed.append_messages, a line of the ${name} each, in Python`, async () => {
      const count = Number(await python.call('append_lines', { uri, name, batch: linesTogether }));
      return { sizeBytes, details: [`${count.toLocaleString('en')} messages, ${String(linesTogether)} at a time, each time on disk`] };
    });
    await narrator.step('subfeed.follow() in TypeScript had the same lines meanwhile', async () => {
      await expectDigest([Buffer.from(await followed)], sha256, uri);
      return {};
    });
    await narrator.step('kachery-p2p feed follow had them, too', async () => {
      await expectDigest([Buffer.from(linesOf(await commanded))], sha256, uri);
      return {};
    });
    await narrator.step('for line in subfeed, once more in Python', async () => {
      await python.call('read_lines', { uri, name });
      return { sizeBytes };
    });
  } finally {
    ending.abort();
    await client.close();
  }
}

async function lineCount({ python }: Stage, name: string): Promise<number> {
  return Number(await python.call('line_count', { name }));
}

/** The messages, lines of text, until they have so many bytes. */
async function collectLines(messages: AsyncIterable<{ readonly value: unknown }>, sizeBytes: number): Promise<string> {
  const lines: string[] = [];
  let takenBytes = 0;
  for await (const { value } of messages) {
    lines.push(String(value));
    takenBytes += Buffer.byteLength(String(value));
    if (takenBytes >= sizeBytes) break;
  }
  return lines.join('');
}

/** What the command wrote: a line of JSON a message. */
function linesOf(output: Buffer): string {
  return output
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => String(JSON.parse(line)))
    .join('');
}
