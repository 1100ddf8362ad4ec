import { type SmallFile } from './kachery-client.js';
import { defaultLabel, givenLabel } from './label.js';
import { encodeText } from './text-content.js';
import { unlessAbortedEach } from './unless-aborted-each.js';

/** A small file as it is stored. */
export interface LabelledContent {
  readonly content: Uint8Array;
  readonly label: string;
}

/** Small files as they are stored: bytes, each with its label. */
export async function* labelled(
  files: Iterable<SmallFile> | AsyncIterable<SmallFile>,
  signal: AbortSignal | undefined,
): AsyncGenerator<LabelledContent, void, undefined> {
  for await (const file of unlessAbortedEach(files, signal)) {
    const { content } = file;
    if (typeof content === 'string') yield { content: encodeText(content), label: givenLabel(file) ?? 'file.txt' };
    else yield { content, label: givenLabel(file) ?? defaultLabel };
  }
}
