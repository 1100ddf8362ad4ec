import { ListFile } from '../../network/list-file.js';
import { parseMirrorTarget } from './mirror-target.js';

/** What is mirrored, and since when, in milliseconds since 1970 UTC. */
export interface ListedMirror {
  readonly uri: string;
  readonly addedAtMs: number;
}

/** What is mirrored. */
export const mirrorListFile = new ListFile<ListedMirror>({
  field: 'mirrors',
  format: ({ uri, addedAtMs }) => ({ uri, addedAt: new Date(addedAtMs).toISOString() }),
  parse: parseListed,
  name: 'list of mirrors',
  remedy: 'add the mirrors again',
  consequence: 'the list of mirrors stays as it was',
});

function parseListed(value: unknown): ListedMirror {
  const { uri, addedAt } = (value ?? {}) as { readonly uri?: unknown; readonly addedAt?: unknown };
  const addedAtMs = typeof addedAt === 'string' ? Date.parse(addedAt) : NaN;
  if (typeof uri !== 'string') throw new TypeError('a mirror has no URI');
  return { uri: parseMirrorTarget(uri).uri, addedAtMs: Number.isNaN(addedAtMs) ? 0 : addedAtMs };
}
