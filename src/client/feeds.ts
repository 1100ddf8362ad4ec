import { type CallOptions } from './kachery-client.js';

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

/** Options of an append; `expectedLength` makes it fail with `append-conflict` if the subfeed has another length. */
export interface AppendOptions extends CallOptions {
  readonly expectedLength?: number | undefined;
}

/** Options of reading: the first position (0) and the most messages (all). */
export interface ReadMessagesOptions extends CallOptions {
  readonly position?: number | undefined;
  readonly maxMessages?: number | undefined;
}

/** A log of a feed. */
export interface Subfeed {
  readonly uri: string;
  readonly hash: string;
  /** Appends all of the messages, any JSON values, or none; resolves with the position of the first. Tried again after a broken connection, and happens once. */
  append(messages: readonly unknown[], options?: AppendOptions): Promise<number>;
  /** As `append`, in the name of this node, to a feed that may be another's. Fails with `submit-not-allowed` where the rules do not name this node. */
  submit(messages: readonly unknown[], options?: CallOptions): Promise<number>;
  /** The messages up to the length that the subfeed has now. Fails with `position-beyond-end`. */
  read(options?: ReadMessagesOptions): AsyncIterable<FeedMessage>;
  /** The messages from `position` on and each new one, until aborted. Goes on without a gap or a double when the daemon is back within a minute. */
  follow(options?: Omit<ReadMessagesOptions, 'maxMessages'>): AsyncIterable<FeedMessage>;
  getAccessRules(options?: CallOptions): Promise<AccessRule[]>;
  /** Sets the rules in place of those before. Owner only. */
  setAccessRules(rules: readonly AccessRule[], options?: CallOptions): Promise<void>;
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
  /** Makes a feed. Fails with `already-exists` if a feed here has the name. */
  create(name?: string, options?: CallOptions): Promise<Feed>;
  /** The feed of an id, a `feed://` URI without a subfeed, or a name here. Fails with `feed-not-found`. */
  load(idOrUriOrName: string, options?: CallOptions): Promise<Feed>;
  /** Deletes a feed for ever. Owner only. */
  delete(idOrUriOrName: string, options?: CallOptions): Promise<void>;
  /** All feeds, ordered by id. */
  list(options?: CallOptions): AsyncIterable<Feed>;
}
