import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { type SmallFile as SmallFileMessage, type StoreFileResult } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { type FailureReason, isKacheryError, KacheryError } from '../core/failure.js';
import { inGroups } from '../core/in-groups.js';
import { limits } from '../core/limits.js';
import { mapInOrder } from '../core/map-in-order.js';
import { labelFromPath } from '../core/uri.js';
import { fieldHeadroomBytes } from '../rpc/codec/bytes-field.js';
import { fileServiceDefinition as files } from '../rpc/codec/file-service-definition.js';
import { IntakePool } from '../storage/intake/intake-pool.js';
import { type CallOptions } from './call-options.js';
import { type Daemon } from './daemon.js';
import { fileInfoOf } from './file-info.js';
import { hashBytes, hashFile } from './hash-content.js';
import { itemFailure } from './item-failure.js';
import { type Piece } from './piece.js';
import { missingField, required } from './required.js';
import { type LabelledContent } from './small-files.js';
import { SourceFile } from './source-file.js';
import { sendPieces, upload } from './upload.js';
import { piecesOf, type UploadSource } from './upload-source.js';

/** Content up to this size is sent at once; asking first whether it is there would take as long. */
const maxUnaskedBytes = 256 * 1024;

/** How long a batch may take: each of its files goes to the disk. */
const batchTimeoutMs = 5 * 60_000;

/** Batches of small files on their way at a time. */
const batchesUnderWay = 3;

/** What the daemon says of a path that means another file to it than to this process, or none. */
const unreadable: readonly FailureReason[] = ['path-not-found', 'path-not-permitted', 'not-a-regular-file'];

/** Storing through a daemon. All results are URIs. `close` it. */
export class OnlineStoring {
  private readonly pool = new IntakePool();

  constructor(private readonly daemon: Daemon) {}

  /** Stores a file: the daemon reads it itself if it may, otherwise it is sent. */
  async file(path: string, givenLabel: string | undefined, options: CallOptions): Promise<string> {
    const absolutePath = resolve(path);
    const label = givenLabel ?? labelFromPath(absolutePath);
    const { isLocalOwner } = await this.daemon.probe(options.signal);
    return (isLocalOwner ? await this.readByDaemon(absolutePath, label, options) : undefined) ?? (await this.sendFile(absolutePath, label, options));
  }

  /** Stores bytes. */
  async bytes(content: Uint8Array, label: string, options: CallOptions): Promise<string> {
    if (content.byteLength <= maxUnaskedBytes) return this.sendSmall(content, label, options);
    const id = await hashBytes(this.pool, content, options);
    return this.sendKnown({ id, sizeBytes: content.byteLength, pieces: (offset) => piecesOf(content, offset) }, label, options);
  }

  /** Stores what a stream brings. It cannot go on after an interruption. */
  async stream(pieces: AsyncIterable<Piece>, label: string, options: CallOptions): Promise<string> {
    return fileInfoOf((await sendPieces(this.daemon, { label }, pieces, options)).file).uri;
  }

  /** Stores small files in batches. All are tried; then the first failure is thrown, if there was one. */
  async batch(contents: AsyncIterable<LabelledContent>, options: CallOptions): Promise<string[]> {
    const { node } = await this.daemon.probe(options.signal);
    const maxItems = node.limits?.maxBatchFiles ?? limits.maxBatchFiles;
    const maxBytes = Math.min(Number(node.limits?.maxBatchBytes ?? limits.maxBatchBytes), limits.maxBatchBytes);
    const groups = inGroups(contents, { maxItems, maxBytes, sizeBytesOf: ({ content }) => content.byteLength });
    const uris: string[] = [];
    let failure: KacheryError | undefined;
    for await (const results of mapInOrder(groups, batchesUnderWay, (group) => this.sendGroup(group, maxBytes, options))) {
      for (const result of results) {
        if (typeof result === 'string') uris.push(result);
        else failure ??= result;
      }
    }
    if (failure) throw failure;
    return uris;
  }

  /** Links a file of the daemon's machine. */
  async link(path: string, givenLabel: string | undefined, { signal }: CallOptions): Promise<string> {
    const absolutePath = resolve(path);
    const request = { path: absolutePath, label: givenLabel ?? labelFromPath(absolutePath) };
    const { file } = await this.daemon.unary(files.linkFile, request, { signal, timeoutMs: Infinity });
    return fileInfoOf(file).uri;
  }

  /** Ends the workers. */
  async close(): Promise<void> {
    await this.pool.close();
  }

  /** Undefined if the daemon sees another file there or none, as when it lives in a container, or may not read it. */
  private async readByDaemon(path: string, label: string, { signal, onProgress }: CallOptions): Promise<string | undefined> {
    const realPath = await realpath(path).catch(() => undefined);
    if (realPath === undefined) return undefined;
    onProgress?.({ state: 'storing', doneBytes: 0, sizeBytes: 0 });
    const stored = await this.daemon.unary(files.storeLocalFile, { path: realPath, label }, { signal, timeoutMs: Infinity }).catch(undefinedIfUnreadable);
    const { uri, sizeBytes } = stored ? fileInfoOf(stored.file) : {};
    const ownSizeBytes = await stat(realPath).then(
      ({ size }) => size,
      () => undefined,
    );
    if (sizeBytes === undefined || sizeBytes !== ownSizeBytes) return undefined;
    onProgress?.({ state: 'storing', doneBytes: sizeBytes, sizeBytes });
    return uri;
  }

  private async sendFile(path: string, label: string, options: CallOptions): Promise<string> {
    const source = await SourceFile.open(path);
    try {
      const { sizeBytes } = source;
      if (sizeBytes <= maxUnaskedBytes) return await this.sendSmall(await source.readWhole(), label, options);
      const id = await hashFile(this.pool, source, options);
      return await this.sendKnown({ id, sizeBytes, pieces: (offset) => source.pieces(offset, fieldHeadroomBytes) }, label, options);
    } catch (error) {
      // What was sent is not what was hashed a moment before.
      throw isKacheryError(error, 'hash-mismatch') ? source.changed(error) : error;
    } finally {
      await source.close();
    }
  }

  /** Sends content only if the daemon does not have it. */
  private async sendKnown(source: UploadSource, label: string, options: CallOptions): Promise<string> {
    const storedUri = await this.uriIfStored(source, label, options);
    if (storedUri !== undefined) return storedUri;
    return fileInfoOf((await upload(this.daemon, source, label, options)).file).uri;
  }

  /** Undefined also if what is there is damaged: then the daemon replaces it. That it can tell may take a hash of the whole. */
  private async uriIfStored({ id }: UploadSource, label: string, { signal }: CallOptions): Promise<string | undefined> {
    const { missingSha1s } = await this.daemon.unary(files.findMissingFiles, { sha1s: [id] }, { signal, timeoutMs: Infinity });
    if (missingSha1s.length > 0) return undefined;
    try {
      return fileInfoOf((await this.daemon.unary(files.statFile, { uri: `sha1://${id}/${label}` }, { signal })).file).uri;
    } catch (error) {
      if (isKacheryError(error, 'file-not-found') || isKacheryError(error, 'content-corrupt')) return undefined;
      throw error;
    }
  }

  private async sendSmall(content: Uint8Array, label: string, options: CallOptions): Promise<string> {
    const [result] = await this.sendBatch([{ content, label }], options);
    if (result instanceof KacheryError) throw result;
    return required(result, 'results');
  }

  /** A file that is too large for a batch forms a group of its own and is sent by itself. */
  private async sendGroup(group: readonly LabelledContent[], maxBytes: number, options: CallOptions): Promise<(string | KacheryError)[]> {
    const [first] = group;
    if (!first || first.content.byteLength <= maxBytes) return this.sendBatch(group, options);
    return [await this.bytes(first.content, first.label, options)];
  }

  private async sendBatch(group: readonly LabelledContent[], { signal }: CallOptions): Promise<(string | KacheryError)[]> {
    const request = {
      files: group.map(({ content, label }): SmallFileMessage => ({ content: Buffer.from(content.buffer, content.byteOffset, content.byteLength), label })),
    };
    const { results } = await this.daemon.unary(files.storeFiles, request, { signal, timeoutMs: batchTimeoutMs });
    if (results.length !== group.length) throw missingField('results');
    return results.map(uriOrFailure);
  }
}

function undefinedIfUnreadable(error: unknown): undefined {
  if (!(error instanceof KacheryError) || !unreadable.includes(error.reason)) throw error;
}

function uriOrFailure({ outcome }: StoreFileResult): string | KacheryError {
  const { $case, value } = required(outcome, 'outcome');
  return $case === 'file' ? fileInfoOf(value).uri : itemFailure(value);
}
