import { randomBytes } from 'node:crypto';

import { type StoreFileHeader, type StoreFileResponse } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { isKacheryError } from '../core/failure.js';
import { fileServiceDefinition } from '../rpc/codec/file-service-definition.js';
import { type OutgoingStoreFileRequest } from '../rpc/codec/store-file-request-codec.js';
import { type CallOptions } from './call-options.js';
import { type Daemon } from './daemon.js';
import { type Piece } from './piece.js';
import { Retries } from './retries.js';
import { type UploadSource } from './upload-source.js';

/** How long to wait for the daemon to forget an upload that failed. */
const abortTimeoutMs = 2_000;

/** Smaller content is sent from its start again after an interruption: keeping track of it costs more. */
const minResumableBytes = 4 * 1024 * 1024;

/**
 * Sends content whose hash and size are known and resolves when it is durable. When the connection breaks, it goes on from what the daemon kept; after
 * several tries that get no further it fails with the last failure. What the daemon kept of an upload that failed is removed, if it can be reached.
 */
export async function upload(daemon: Daemon, source: UploadSource, label: string, options: CallOptions = {}): Promise<StoreFileResponse> {
  if (source.sizeBytes < minResumableBytes) return send(daemon, source, label, undefined, options);
  const uploadId = randomBytes(24).toString('base64url');
  try {
    return await send(daemon, source, label, uploadId, options);
  } catch (error) {
    await daemon.unary(fileServiceDefinition.abortUpload, { uploadId }, { signal: AbortSignal.timeout(abortTimeoutMs) }).catch(() => undefined);
    throw error;
  }
}

async function send(daemon: Daemon, source: UploadSource, label: string, uploadId: string | undefined, options: CallOptions): Promise<StoreFileResponse> {
  const header = { label, sizeBytes: BigInt(source.sizeBytes), sha1: source.id, uploadId };
  const retries = new Retries(['daemon-not-running', 'daemon-stopping', 'deadline-exceeded', 'too-busy', 'upload-offset-mismatch']);
  let offset = 0;
  let isInterrupted = false;
  for (;;) {
    try {
      if (isInterrupted && uploadId !== undefined) {
        const keptBytes = await committedBytes(daemon, uploadId, options.signal);
        if (keptBytes > offset) retries.progress();
        offset = keptBytes;
      }
      return await sendPieces(daemon, { ...header, offset: BigInt(offset) }, source.pieces(offset), options);
    } catch (error) {
      await retries.wait(error, options.signal);
      isInterrupted = true;
    }
  }
}

/** Sends one call's worth of content: the header, then the pieces. Resolves when the content is durable. */
export async function sendPieces(
  daemon: Daemon,
  header: Partial<StoreFileHeader> & { readonly label: string },
  pieces: AsyncIterable<Piece>,
  { signal, onProgress }: CallOptions,
): Promise<StoreFileResponse> {
  const sizeBytes = Number(header.sizeBytes ?? 0n);
  // grpc-js cancels a call in a way that looks like its end, so where the size is not known before, it is told behind.
  const hasFooter = header.sizeBytes === undefined;
  async function* requests(): AsyncGenerator<OutgoingStoreFileRequest, void, undefined> {
    let doneBytes = Number(header.offset ?? 0n);
    yield { part: { $case: 'header', value: { sizeBytes: undefined, sha1: undefined, uploadId: undefined, offset: 0n, hasFooter, ...header } } };
    for await (const { data, headroomBytes } of pieces) {
      yield { part: { $case: 'data', value: data }, headroomBytes };
      doneBytes += data.byteLength;
      onProgress?.({ state: 'sending', doneBytes, sizeBytes });
    }
    if (hasFooter) yield { part: { $case: 'footer', value: { sizeBytes: BigInt(doneBytes) } } };
  }
  return daemon.send(fileServiceDefinition.storeFile, requests(), { signal });
}

async function committedBytes(daemon: Daemon, uploadId: string, signal: AbortSignal | undefined): Promise<number> {
  try {
    const { committedSizeBytes } = await daemon.unary(fileServiceDefinition.getUpload, { uploadId }, { signal });
    return Number(committedSizeBytes);
  } catch (error) {
    if (isKacheryError(error, 'upload-not-found')) return 0;
    throw error;
  }
}
