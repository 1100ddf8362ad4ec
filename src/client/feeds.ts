import { type CallOptions } from './call-options.js';

/** A message of a subfeed. */
export interface FeedMessage {
  readonly position: number;
  readonly value: unknown;
  readonly appendedAt: Date;
  /** The node that submitted it; undefined for the feed's owner. */
  readonly submitterNodeId: string | undefined;
}

/** What is known of a subfeed; `name` is undefined if no more than the hash is known. */
export interface SubfeedInfo {
  readonly hash: string;
  readonly name: unknown;
  readonly length: number;
}

/** Whether a node may submit messages. */
export interface AccessRule {
  readonly nodeId: string;
  readonly mayWrite: boolean;
}

/** What a message is to the program: any JSON value, whose whole numbers beyond 2^53 lose digits as in `JSON.parse`; or the bytes as they are. */
export type MessageEncoding = 'json' | 'bytes';

/** Options of an append; `expectedLength` makes it fail with `append-conflict` if the subfeed has another length. With `encoding: 'bytes'` each message is a Uint8Array. */
export interface AppendOptions extends CallOptions {
  readonly expectedLength?: number | undefined;
  readonly encoding?: MessageEncoding | undefined;
}

/** Options of following subfeeds. */
export interface FollowOptions extends CallOptions {
  /** With `'bytes'` the value of each message is a Uint8Array. */
  readonly encoding?: MessageEncoding | undefined;
  /** Checks every message against the key of the feed, for a daemon that is not trusted; fails with `content-corrupt`. Newer messages can still be kept from you. */
  readonly verified?: boolean | undefined;
}

/** Options of following one subfeed from a position on, 0 if it is left out. */
export interface FollowFromOptions extends FollowOptions {
  readonly position?: number | undefined;
}

/** Options of reading: the most messages, all if it is left out. */
export interface ReadMessagesOptions extends FollowFromOptions {
  readonly maxMessages?: number | undefined;
}

/** A log of a feed. */
export interface Subfeed {
  readonly uri: string;
  readonly hash: string;
  /** How many messages it has. */
  getLength(options?: CallOptions): Promise<number>;
  /**
   * Appends all of the messages, any JSON values, or none; resolves with the position of the first when they are on disk. At most 10,000 messages, 1 MiB each and
   * 6 MiB together. Tried again after a broken connection, and happens once. Fails with `invalid-argument` for what JSON cannot say, with `feed-not-writeable`.
   */
  append(messages: readonly unknown[], options?: AppendOptions): Promise<number>;
  /** As `append`, in the name of this node, to a feed that may be another's. Fails with `submit-not-allowed` where the rules do not name this node. */
  submit(messages: readonly unknown[], options?: Omit<AppendOptions, 'expectedLength'>): Promise<number>;
  /**
   * The messages up to the length that the subfeed has now. Fails with `position-beyond-end`, and with `invalid-argument` at a message that another program wrote
   * and that is not JSON.
   */
  read(options?: ReadMessagesOptions): AsyncIterable<FeedMessage>;
  /** The messages from `position` on and each new one, until aborted. Goes on without a gap or a double when the daemon is back within a minute. */
  follow(options?: FollowFromOptions): AsyncIterable<FeedMessage>;
  getAccessRules(options?: CallOptions): Promise<AccessRule[]>;
  /** Sets the rules in place of those before. Owner only. */
  setAccessRules(rules: readonly AccessRule[], options?: CallOptions): Promise<void>;
}

/** A subfeed to follow together with others, from a position on; 0 if it is left out. */
export interface WatchedSubfeed {
  readonly subfeed: Subfeed;
  readonly position?: number | undefined;
}

/** A message of one of several subfeeds. */
export interface SubfeedMessage {
  readonly subfeed: Subfeed;
  readonly message: FeedMessage;
}

/** A feed: append-only logs under one key. */
export interface Feed {
  readonly id: string;
  readonly uri: string;
  readonly name: string | undefined;
  readonly isWriteable: boolean;
  readonly createdAt: Date;
  /** The subfeed of a name, any JSON value; `~` and 40 hexadecimal digits name it by its hash. */
  subfeed(name: unknown): Subfeed;
  /** The subfeeds that have messages, ordered by hash. */
  listSubfeeds(options?: CallOptions): AsyncIterable<SubfeedInfo>;
  /** Stores the messages of the named subfeeds, of all if none are named, as one JSON file and resolves with its URI. Holds them in memory. */
  createSnapshot(names?: readonly unknown[], options?: CallOptions): Promise<string>;
}

/** The feeds of the node. Offline each method fails with `offline`. */
export interface Feeds {
  /** Makes a feed. Fails with `already-exists` if a feed here has the name, and with `invalid-argument`. */
  create(name?: string, options?: CallOptions): Promise<Feed>;
  /** The feed of an id, a `feed://` URI without a subfeed, or a name here. Fails with `feed-not-found`. */
  load(idOrUriOrName: string, options?: CallOptions): Promise<Feed>;
  /** The subfeed of a URI `feed://<id>/<name>`. Fails with `feed-not-found` if its feed is not here, and with `invalid-uri`. */
  loadSubfeed(uri: string, options?: CallOptions): Promise<Subfeed>;
  /** Deletes a feed for ever. Owner only. */
  delete(idOrUriOrName: string, options?: CallOptions): Promise<void>;
  /** All feeds, ordered by id. */
  list(options?: CallOptions): AsyncIterable<Feed>;
  /** Follows 1 to 10,000 subfeeds, of one feed or several, in one call; as `follow` of a subfeed. Messages of one subfeed come in order. */
  watch(subfeeds: readonly WatchedSubfeed[], options?: FollowOptions): AsyncIterable<SubfeedMessage>;
}
