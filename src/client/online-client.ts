import { FileServiceService as files } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { NodeServiceService as nodes } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { parseFileUri, parseUri } from '../core/uri.js';
import { eachOfAllPages } from './all-pages.js';
import { type CallOptions } from './call-options.js';
import { type ContentCache } from './content-cache.js';
import { copyTo } from './copy-to.js';
import { type Daemon } from './daemon.js';
import { fileInfoOf } from './file-info.js';
import { FormattedContent } from './formatted-content.js';
import {
  type FileInfo,
  type FileProvider,
  type KacheryClient,
  type NodeInfo,
  type RangeOptions,
  type SmallFile,
  type StorageUsage,
  type StoreOptions,
  type Transfer,
  type VerifyEvent,
} from './kachery-client.js';
import { defaultLabel, givenLabel } from './label.js';
import { type LoadOptions, sourceSelection } from './load-options.js';
import { nodeInfoOf, transferOf } from './node-info.js';
import { OnlineChannels } from './online-channels.js';
import { OnlineFeeds } from './online-feeds.js';
import { OnlineLoading } from './online-loading.js';
import { OnlineMirrors } from './online-mirrors.js';
import { OnlineMutables } from './online-mutables.js';
import { OnlineStoring } from './online-storing.js';
import { regroup } from './regroup.js';
import { required } from './required.js';
import { labelled } from './small-files.js';

/** A client that works through a daemon. */
export class OnlineClient extends FormattedContent implements KacheryClient {
  readonly mode = 'online';
  readonly feeds: OnlineFeeds;
  readonly mutables: OnlineMutables;
  readonly channels: OnlineChannels;
  readonly mirrors: OnlineMirrors;
  private readonly storing: OnlineStoring;
  private readonly loading: OnlineLoading;

  constructor(
    private readonly daemon: Daemon,
    private readonly cache: ContentCache,
  ) {
    super();
    this.feeds = new OnlineFeeds(daemon, (value, options) => this.storeJson(value, options));
    this.mutables = new OnlineMutables(daemon);
    this.channels = new OnlineChannels(daemon);
    this.mirrors = new OnlineMirrors(daemon);
    this.storing = new OnlineStoring(daemon);
    this.loading = new OnlineLoading(daemon, cache);
  }

  async storeFile(path: string, options: StoreOptions = {}): Promise<string> {
    return this.storing.file(path, givenLabel(options), options);
  }

  async storeBytes(content: Uint8Array, options: StoreOptions = {}): Promise<string> {
    return this.storing.bytes(content, givenLabel(options) ?? defaultLabel, options);
  }

  async storeStream(content: AsyncIterable<Uint8Array>, options: StoreOptions = {}): Promise<string> {
    return this.storing.stream(regroup(content, options.signal), givenLabel(options) ?? defaultLabel, options);
  }

  async storeFiles(contents: Iterable<SmallFile> | AsyncIterable<SmallFile>, options: CallOptions = {}): Promise<string[]> {
    return this.storing.batch(labelled(contents, options.signal), options);
  }

  async linkFile(path: string, options: StoreOptions = {}): Promise<string> {
    return this.storing.link(path, givenLabel(options), options);
  }

  async loadFile(uri: string, { dest, ...options }: LoadOptions & { readonly dest?: string | undefined } = {}): Promise<string> {
    const { path } = await this.loading.locate(uri, options);
    return dest === undefined ? path : copyTo(path, dest, options);
  }

  readFile(uri: string, options: RangeOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return this.loading.read(uri, options);
  }

  loadFiles(uris: Iterable<string>, options: CallOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return this.loading.readMany(uris, options);
  }

  async stat(uri: string, { signal }: CallOptions = {}): Promise<FileInfo> {
    parseUri(uri);
    return fileInfoOf((await this.daemon.unary(files.statFile, { uri }, { signal })).file);
  }

  async *findFile(uri: string, options: LoadOptions = {}): AsyncGenerator<FileProvider, void, undefined> {
    parseUri(uri);
    const request = { uri, sources: sourceSelection(options) };
    for await (const { nodeId, isLocal, sizeBytes, label } of this.daemon.receive(files.findFile, request, { signal: options.signal })) {
      yield { nodeId, isLocal, sizeBytes: Number(sizeBytes), label };
    }
  }

  listFiles({ signal }: CallOptions = {}): AsyncGenerator<FileInfo, void, undefined> {
    return eachOfAllPages(async (pageToken) => {
      const page = await this.daemon.unary(files.listFiles, { pageSize: 0, pageToken }, { signal });
      return { items: page.files.map(fileInfoOf), nextPageToken: page.nextPageToken };
    });
  }

  async deleteFile(uri: string, { signal }: CallOptions = {}): Promise<number> {
    parseFileUri(uri);
    return Number((await this.daemon.unary(files.deleteFile, { uri }, { signal })).freedBytes);
  }

  async *verifyFiles({
    uris = [],
    quarantine = false,
    signal,
  }: CallOptions & { readonly uris?: readonly string[] | undefined; readonly quarantine?: boolean | undefined } = {}): AsyncGenerator<
    VerifyEvent,
    void,
    undefined
  > {
    for await (const { event } of this.daemon.receive(files.verifyFiles, { uris: [...uris], quarantine }, { signal, timeoutMs: Infinity })) {
      const { $case, value } = required(event, 'event');
      if ($case === 'badFile') {
        const { sha1, actualSha1, path, quarantinePath, problem } = value;
        yield { kind: 'bad', sha1, actualSha1, path, quarantinePath, problem };
      } else {
        const { checkedFiles, checkedBytes, badFiles } = value;
        yield { kind: 'progress', checkedFiles: Number(checkedFiles), checkedBytes: Number(checkedBytes), badFiles: Number(badFiles) };
      }
    }
  }

  async getNode({ signal }: CallOptions = {}): Promise<NodeInfo> {
    return nodeInfoOf(await this.daemon.unary(nodes.getNode, {}, { signal }));
  }

  async getStorageUsage({ signal }: CallOptions = {}): Promise<StorageUsage> {
    const { availableBytes, capacityBytes, uploadBytes, uploads } = await this.daemon.unary(nodes.getStorageUsage, {}, { signal });
    return { availableBytes: Number(availableBytes), capacityBytes: Number(capacityBytes), uploadBytes: Number(uploadBytes), uploads };
  }

  async *watchTransfers({ signal }: CallOptions = {}): AsyncGenerator<Transfer, void, undefined> {
    for await (const { transfer } of this.daemon.receive(nodes.watchTransfers, {}, { signal, timeoutMs: Infinity })) yield transferOf(transfer);
  }

  async stopDaemon({ signal }: CallOptions = {}): Promise<number> {
    return (await this.daemon.unary(nodes.stopDaemon, {}, { signal })).processId;
  }

  async close(): Promise<void> {
    this.daemon.close();
    await Promise.all([this.storing.close(), this.cache.close()]);
  }
}
