import { type ContentId } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { formatFeedUri, parseFeedUri } from '../../core/feed-uri.js';
import { type SubfeedName } from '../../core/subfeed.js';
import { type DirectoryUri, formatFileUri, parseUri } from '../../core/uri.js';

/** What can be mirrored, and the URI that names it, without labels. */
export type MirrorTarget =
  | { readonly kind: 'file'; readonly uri: string; readonly id: ContentId; readonly manifestId: ContentId | undefined }
  | { readonly kind: 'directory'; readonly uri: string; readonly directory: DirectoryUri }
  | { readonly kind: 'feed'; readonly uri: string; readonly feedId: FeedId; readonly subfeed: SubfeedName | undefined };

/** What a URI stands for. Fails with `invalid-uri`, and with `invalid-argument` for a part of a file. */
export function parseMirrorTarget(text: string): MirrorTarget {
  if (text.startsWith('feed:')) {
    const feed = parseFeedUri(text);
    return { kind: 'feed', uri: formatFeedUri(feed), feedId: feed.feedId, subfeed: feed.subfeed };
  }
  const parsed = parseUri(text);
  switch (parsed.kind) {
    case 'file':
      return { kind: 'file', uri: formatFileUri(parsed.id, '', parsed.manifestId), id: parsed.id, manifestId: parsed.manifestId };
    case 'directory':
      return { kind: 'directory', uri: ['sha1dir:/', parsed.id, ...parsed.path].join('/'), directory: parsed };
    case 'chunk':
      throw new KacheryError('invalid-argument', `A part of a file cannot be mirrored. Mirror the whole file, sha1://${parsed.parentId}.`, { field: 'uri' });
  }
}
