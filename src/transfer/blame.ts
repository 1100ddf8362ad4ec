import { type PartialFile } from '../storage/partial/partial-files.js';
import { type BoardChunk } from './board-chunk.js';
import { type Source } from './source.js';

/**
 * Finds out who sent what of a chunk that was verified. If it was wrong and came from one node, that one lied; if from several, it is fetched again from one of
 * them alone: either that is wrong, too, and it lied, or it is right, and what is different was a lie.
 */
export async function blame(
  chunk: BoardChunk,
  isGood: boolean,
  { partial, sources, accuse }: { readonly partial: PartialFile; readonly sources: readonly Source[]; readonly accuse: (source: Source) => void },
): Promise<void> {
  if (isGood) {
    for (const { source, start, end } of chunk.segments) if (source) source.loadedBytes += end - start;
    if (chunk.suspects) await compare(chunk, partial, accuse);
    return;
  }
  const senders = [...new Set(chunk.segments.map(({ source }) => source))];
  const [only] = senders;
  if (senders.length === 1) {
    if (only) accuse(only);
    chunk.restart(chunk.suspects && fastestOf(sources));
    return;
  }
  const sha1s = await partial.digestsOf(chunk.segments);
  chunk.suspects = chunk.segments.map((segment, index) => ({ segment, sha1: sha1s[index] ?? '' }));
  chunk.restart(fastestOf(sources));
}

async function compare({ suspects = [] }: BoardChunk, partial: PartialFile, accuse: (source: Source) => void): Promise<void> {
  const sha1s = await partial.digestsOf(suspects.map(({ segment }) => segment));
  for (const [index, { segment, sha1 }] of suspects.entries()) {
    if (segment.source && sha1 !== sha1s[index]) accuse(segment.source);
  }
}

/** The usable source that has brought most. */
export function fastestOf(sources: readonly Source[]): Source | undefined {
  const usable = sources.filter(({ state }) => state === 'usable');
  return usable.sort((one, other) => other.loadedBytes - one.loadedBytes)[0];
}
