import { type ContentId, isContentId } from './content-id.js';
import { type DirectoryListing } from './directory-listing.js';
import { KacheryError } from './failure.js';
import { type DirectoryUri } from './uri.js';

/** A file that a directory's listing names. */
export interface ListedFile {
  readonly id: ContentId;
  /** As the listing says; 0 if it does not. */
  readonly sizeBytes: number;
  /** Names from the directory down to it, with `/` between them. */
  readonly path: string;
}

/**
 * The files below a `sha1dir://` URI, or the one that it names, as `findInDirectory` would find each of them; what names no file is left out. Fails with
 * `file-not-found` if the path is not there.
 */
export function* filesInDirectory({ root }: DirectoryListing, uri: DirectoryUri): Generator<ListedFile, void, undefined> {
  let folder = root;
  for (const [depth, name] of uri.path.entries()) {
    const child = memberOf(membersOf(folder, 'dirs'), name);
    if (child === undefined) {
      const file = depth === uri.path.length - 1 ? listedFile(memberOf(membersOf(folder, 'files'), name), uri.path) : undefined;
      if (!file) throw missing(uri);
      yield file;
      return;
    }
    folder = child;
  }
  // A stack of its own: how deep a listing goes is for others to say.
  const open: { readonly folder: unknown; readonly path: readonly string[] }[] = [{ folder, path: uri.path }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { folder: current, path } = next;
    const dirs = membersOf(current, 'dirs');
    for (const [name, entry] of Object.entries(membersOf(current, 'files'))) {
      const file = Object.hasOwn(dirs, name) ? undefined : listedFile(entry, [...path, name]);
      if (file) yield file;
    }
    for (const [name, child] of Object.entries(dirs)) open.push({ folder: child, path: [...path, name] });
  }
}

function listedFile(entry: unknown, path: readonly string[]): ListedFile | undefined {
  const { sha1, size } = objectOf(entry);
  if (typeof sha1 !== 'string' || !isContentId(sha1)) return undefined;
  const isSize = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
  return { id: sha1, sizeBytes: isSize ? size : 0, path: path.join('/') };
}

function membersOf(folder: unknown, kind: 'files' | 'dirs'): Record<string, unknown> {
  return objectOf(memberOf(objectOf(folder), kind));
}

function memberOf(parent: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(parent, name) ? parent[name] : undefined;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function missing({ id, path }: DirectoryUri): KacheryError {
  const uri = `sha1dir://${id}/${path.join('/')}`;
  return new KacheryError('file-not-found', `There is no ${JSON.stringify(path.join('/'))} in the directory sha1dir://${id}. Check the path.`, { uri });
}
