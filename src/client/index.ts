export { connect } from './connect.js';
export type { Channel, ChannelRoles, Channels, JoinChannelOptions, LinkKind, Peer } from './channels.js';
export type { ClientOptions } from './client-options.js';
export type {
  AccessRule,
  AppendOptions,
  Feed,
  FeedMessage,
  Feeds,
  FollowFromOptions,
  FollowOptions,
  MessageEncoding,
  ReadMessagesOptions,
  Subfeed,
  SubfeedInfo,
  SubfeedMessage,
  WatchedSubfeed,
} from './feeds.js';
export type { CallOptions, LoadSource, Progress } from './call-options.js';
export type {
  FileInfo,
  FileProvider,
  KacheryClient,
  NodeInfo,
  RangeOptions,
  SmallFile,
  StorageUsage,
  StoreOptions,
  Transfer,
  VerifyEvent,
} from './kachery-client.js';
export type { LoadOptions } from './load-options.js';
export type { Mirror, Mirrors, MirrorState } from './mirrors.js';
export type { ChangeMutableOptions, Mutable, MutableChange, MutableExpectation, Mutables, SelectMutablesOptions, WatchMutablesOptions } from './mutables.js';
export type { NpyArray, NpyData, NpyType } from './npy-array.js';
export { type FailureDetails, type FailureReason, failureReasons, isKacheryError, KacheryError } from '../core/failure.js';
export { type ContentId } from '../core/content-id.js';
export { type ByteRange } from '../core/byte-range.js';
export { type ChunkUri, type DirectoryUri, type FileUri, type KacheryUri, parseUri } from '../core/uri.js';
