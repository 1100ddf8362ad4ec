import { type ContentId, isContentId, quoted } from './content-id.js';
import { KacheryError } from './failure.js';
import { type DirectoryUri } from './uri.js';

/** What {@link parseDirectoryListing} made of a listing. */
export interface DirectoryListing {
  readonly root: unknown;
}

/**
 * Finds the file that a `sha1dir://` URI names in the directory's listing: JSON of the form
 * `{"files":{<name>:{"size","sha1"}},"dirs":{<name>:<listing>}}`, where a directory hides a file of the same name. As kachery 0.6.
 * Fails with `file-not-found` if the path is not there or names a directory, with `content-corrupt` if the listing cannot be read.
 */
export function findInDirectory(listing: string | DirectoryListing, uri: DirectoryUri): ContentId {
  let folder = (typeof listing === 'string' ? parseDirectoryListing(listing, uri) : listing).root;
  for (const [depth, name] of uri.path.entries()) {
    const child = member(member(folder, 'dirs'), name);
    if (child !== undefined) {
      folder = child;
      continue;
    }
    const sha1 = member(member(member(folder, 'files'), name), 'sha1');
    const isLast = depth === uri.path.length - 1;
    if (isLast && typeof sha1 === 'string' && isContentId(sha1)) return sha1;
    throw missing(uri, `it has no ${quoted(uri.path.slice(0, depth + 1).join('/'))}`);
  }
  throw missing(
    uri,
    uri.path.length === 0 ? 'the URI names the directory itself, not a file in it' : `${quoted(uri.path.join('/'))} is a directory, not a file`,
  );
}

/** A listing in which many files are to be found. Fails with `content-corrupt` if it is not JSON. */
export function parseDirectoryListing(listing: string, uri: DirectoryUri): DirectoryListing {
  try {
    return { root: JSON.parse(listing) as unknown };
  } catch (error) {
    throw new KacheryError(
      'content-corrupt',
      `sha1dir://${uri.id} is not a directory listing: it is not JSON.`,
      { uri: `sha1dir://${uri.id}` },
      { cause: error },
    );
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function missing(uri: DirectoryUri, problem: string): KacheryError {
  return new KacheryError('file-not-found', `There is no such file in the directory sha1dir://${uri.id}: ${problem}.`, {
    uri: `sha1dir://${uri.id}/${uri.path.join('/')}`,
  });
}
