import { type Feed as FeedRecord, FeedServiceService as service, type Subfeed as SubfeedRecord } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { isFeedId, parseFeedId } from '../core/feed-id.js';
import { formatFeedUri, parseFeedUri } from '../core/feed-uri.js';
import { subfeedOfName } from '../core/subfeed.js';
import { eachOfAllPages } from './all-pages.js';
import { type CallOptions } from './call-options.js';
import { type Daemon } from './daemon.js';
import { dateOf } from './date-of.js';
import { encodeJson } from './encode-json.js';
import { type Feed, type Feeds, type FollowOptions, type Subfeed, type SubfeedInfo, type SubfeedMessage, type WatchedSubfeed } from './feeds.js';
import { followSubfeeds } from './follow-subfeeds.js';
import { type StoreOptions } from './kachery-client.js';
import { OnlineSubfeed } from './online-subfeed.js';
import { required } from './required.js';
import { type NamedSubfeed } from './subfeed-cursor.js';

type StoreJson = (value: unknown, options: StoreOptions) => Promise<string>;

/** The feeds that the daemon has. */
export class OnlineFeeds implements Feeds {
  constructor(
    private readonly daemon: Daemon,
    private readonly storeJson: StoreJson,
  ) {}

  async create(name?: string, { signal }: CallOptions = {}): Promise<Feed> {
    if (name !== undefined) checkWellFormed(name);
    return this.feedOf((await this.daemon.unary(service.createFeed, { name }, { signal })).feed);
  }

  async load(idOrUriOrName: string, { signal }: CallOptions = {}): Promise<Feed> {
    return this.feedOf((await this.daemon.unary(service.getFeed, { feed: selectorOf(idOrUriOrName) }, { signal })).feed);
  }

  async loadSubfeed(uri: string, options: CallOptions = {}): Promise<Subfeed> {
    const named = namedSubfeed(uri);
    await this.load(named.feedId, options);
    return new OnlineSubfeed(this.daemon, named);
  }

  async delete(idOrUriOrName: string, options: CallOptions = {}): Promise<void> {
    const { id } = await this.load(idOrUriOrName, options);
    await this.daemon.unary(service.deleteFeed, { feedId: id }, { signal: options.signal });
  }

  list({ signal }: CallOptions = {}): AsyncGenerator<Feed, void, undefined> {
    return eachOfAllPages(async (pageToken) => {
      const { feeds, nextPageToken } = await this.daemon.unary(service.listFeeds, { pageSize: 0, pageToken }, { signal });
      return { items: feeds.map((feed) => this.feedOf(feed)), nextPageToken };
    });
  }

  async *watch(subfeeds: readonly WatchedSubfeed[], options: FollowOptions = {}): AsyncGenerator<SubfeedMessage, void, undefined> {
    if (subfeeds.length === 0) throw new KacheryError('invalid-argument', 'There are no subfeeds to watch. Give at least one.', { field: 'subfeeds' });
    const named = subfeeds.map(({ subfeed, position = 0 }) => ({ subfeed, position, ...namedSubfeed(subfeed.uri) }));
    for await (const { followed, message } of followSubfeeds(this.daemon, named, options)) yield { subfeed: followed.subfeed, message };
  }

  private feedOf(record: FeedRecord | undefined): Feed {
    return new OnlineFeed(this.daemon, this.storeJson, required(record, 'feed'));
  }
}

class OnlineFeed implements Feed {
  readonly id;
  readonly uri: string;
  readonly name: string | undefined;
  readonly isWriteable: boolean;
  readonly createdAt: Date;

  constructor(
    private readonly daemon: Daemon,
    private readonly storeJson: StoreJson,
    { feedId, name, isWriteable, createdAt }: FeedRecord,
  ) {
    this.id = parseFeedId(feedId);
    this.uri = formatFeedUri({ feedId: this.id });
    this.name = name;
    this.isWriteable = isWriteable;
    this.createdAt = dateOf(createdAt);
  }

  subfeed(name: unknown): Subfeed {
    // As for messages, a date has a form in JSON, and a map has none.
    const value: unknown = JSON.parse(encodeJson(name));
    return new OnlineSubfeed(this.daemon, { feedId: this.id, name: subfeedOfName(value) });
  }

  listSubfeeds({ signal }: CallOptions = {}): AsyncGenerator<SubfeedInfo, void, undefined> {
    return eachOfAllPages(async (pageToken) => {
      const { subfeeds, nextPageToken } = await this.daemon.unary(service.listSubfeeds, { feedId: this.id, pageSize: 0, pageToken }, { signal });
      return { items: subfeeds.map(subfeedInfoOf), nextPageToken };
    });
  }

  async createSnapshot(names?: readonly unknown[], options: CallOptions = {}): Promise<string> {
    const wanted: Subfeed[] = names?.map((name) => this.subfeed(name)) ?? [];
    if (names === undefined) for await (const { hash } of this.listSubfeeds(options)) wanted.push(this.subfeed(`~${hash}`));
    const subfeeds: Record<string, unknown> = {};
    for (const subfeed of wanted) {
      const messages: unknown[] = [];
      for await (const { value } of subfeed.read({ signal: options.signal })) messages.push(value);
      subfeeds[subfeed.hash] = { subfeedHash: subfeed.hash, messages };
    }
    return this.storeJson({ subfeeds }, { ...options, label: 'feed.json' });
  }
}

function subfeedInfoOf({ hash, nameJson, length }: SubfeedRecord): SubfeedInfo {
  return { hash, name: nameJson === undefined ? undefined : (JSON.parse(nameJson) as unknown), length: Number(length) };
}

function selectorOf(text: string) {
  if (isFeedId(text)) return { $case: 'feedId', value: text } as const;
  if (!text.startsWith('feed://')) return { $case: 'name', value: checkWellFormed(text) } as const;
  const { feedId, subfeed } = parseFeedUri(text);
  if (subfeed === undefined) return { $case: 'feedId', value: feedId } as const;
  throw new KacheryError('invalid-uri', `${text.slice(0, 200)} names a subfeed, but a feed is needed: leave out what follows its id.`, {
    uri: text.slice(0, 200),
  });
}

/** The name of a feed, if it can be sent: half a surrogate pair would arrive as another character, and so as another name. */
function checkWellFormed(name: string): string {
  if (name.isWellFormed()) return name;
  throw new KacheryError('invalid-argument', `${quoted(name)} cannot be the name of a feed: it holds half a surrogate pair, so it has no UTF-8.`, {
    field: 'name',
  });
}

function namedSubfeed(uri: string): NamedSubfeed {
  const { feedId, subfeed: name } = parseFeedUri(uri);
  if (name) return { feedId, name };
  throw new KacheryError('invalid-uri', `${uri} names a feed, but a subfeed is needed: add a slash and its name.`, { uri });
}
