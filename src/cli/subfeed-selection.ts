import { KacheryError } from '../core/failure.js';
import { formatFeedUri, parseFeedUri } from '../core/feed-uri.js';
import { limits } from '../core/limits.js';
import { parseExactJson } from '../core/parse-exact-json.js';

/** Which subfeeds, as typed behind --subfeed and --subfeed-json. */
export interface SubfeedFlags {
  readonly subfeed?: readonly string[];
  readonly subfeedJson?: readonly string[];
}

/** Subfeeds of one feed. */
export interface SubfeedSelection {
  /** Id, URI or name of the feed. */
  readonly feed: string;
  /** Names of the subfeeds: JSON values, or `~` and a hash. */
  readonly names: readonly unknown[];
}

/** The subfeeds that were named on the command line: in the URI of the feed, or by flags. Fails with `invalid-uri` and `invalid-argument`. */
export function selectSubfeeds(feed: string, { subfeed = [], subfeedJson = [] }: SubfeedFlags): SubfeedSelection {
  const named = [...subfeed, ...subfeedJson.map((text) => parseExactJson(text, '--subfeed-json', limits.maxSubfeedNameBytes))];
  if (!feed.startsWith('feed://')) return { feed, names: named };
  const { feedId, subfeed: inUri } = parseFeedUri(feed);
  const nameInUri: unknown = inUri?.nameJson === undefined ? `~${inUri?.hash ?? ''}` : JSON.parse(inUri.nameJson);
  return { feed: formatFeedUri({ feedId }), names: inUri === undefined ? named : [nameInUri, ...named] };
}

/** One subfeed of a feed; the fields are as in {@link SubfeedSelection}. */
export interface SelectedSubfeed {
  readonly feed: string;
  readonly name: unknown;
}

/** The one subfeed that was named on the command line. Fails with `invalid-argument` if none or several were. */
export function selectSubfeed(feed: string, flags: SubfeedFlags): SelectedSubfeed {
  const selection = selectSubfeeds(feed, flags);
  const [name, ...others] = selection.names;
  if (name !== undefined && others.length === 0) return { feed: selection.feed, name };
  throw new KacheryError(
    'invalid-argument',
    name === undefined
      ? `A subfeed of ${feed} must be named: in the URI, as in feed://<id>/main, or with --subfeed main.`
      : 'One subfeed is needed, but several were named: in the URI of the feed, with --subfeed or with --subfeed-json.',
    { field: '--subfeed' },
  );
}
