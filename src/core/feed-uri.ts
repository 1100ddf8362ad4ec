import { quoted } from './content-id.js';
import { KacheryError } from './failure.js';
import { type FeedId, isFeedId } from './feed-id.js';
import { limits } from './limits.js';
import { subfeedOfName, type SubfeedName } from './subfeed.js';

/** `feed://<64 hex>[/<name>]`: a feed, or one of its subfeeds. */
export interface FeedUri {
  readonly feedId: FeedId;
  readonly subfeed?: SubfeedName;
}

const form = /^feed:\/\/([^/?#]*)(?:\/([^?#]*))?$/s;

/** The feed URI that `text` spells; the name of the subfeed is percent-encoded, or `~` and its hash. Fails with `invalid-uri`, saying what is wrong with it. */
export function parseFeedUri(text: string): FeedUri {
  if (text.length > limits.maxUriLength) throw malformed(text, `it is longer than ${String(limits.maxUriLength)} characters`);
  const [, feedId = '', name = ''] = form.exec(text) ?? [];
  if (!isFeedId(feedId)) throw malformed(text, 'it must begin with feed:// and 64 digits 0-9 and a-f in lower case');
  return name === '' ? { feedId } : { feedId, subfeed: subfeedOfPath(text, name) };
}

/** The URI of a feed, or of a subfeed: by its name if that is a text and the URI does not become too long, otherwise by its hash. */
export function formatFeedUri({ feedId, subfeed }: FeedUri): string {
  if (!subfeed) return `feed://${feedId}`;
  const name: unknown = subfeed.nameJson === undefined ? undefined : JSON.parse(subfeed.nameJson);
  const byName = typeof name === 'string' && name !== '' ? `feed://${feedId}/${encodeURIComponent(name)}` : undefined;
  return byName !== undefined && byName.length <= limits.maxUriLength ? byName : `feed://${feedId}/~${subfeed.hash}`;
}

function subfeedOfPath(text: string, path: string): SubfeedName {
  try {
    return subfeedOfName(decodeURIComponent(path));
  } catch (error) {
    throw malformed(text, 'the name of its subfeed is not percent-encoded UTF-8, or is too long', error);
  }
}

function malformed(text: string, problem: string, cause?: unknown): KacheryError {
  return new KacheryError(
    'invalid-uri',
    `${quoted(text)} is not the URI of a feed: ${problem}. An example: feed://${'0'.repeat(64)}/main`,
    { uri: text.slice(0, 200) },
    { cause },
  );
}
