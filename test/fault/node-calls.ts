import { type FileInfo } from '../../gen/ts/kachery_p2p/v1/common.js';
import { StoreFileHeader, type StoreFileRequest } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { NodeServiceService } from '../../gen/ts/kachery_p2p/v1/node_service.js';
import { RpcConnection } from '../../src/client/rpc-connection.js';
import { isKacheryError } from '../../src/core/failure.js';
import { fileServiceDefinition as files } from '../../src/rpc/codec/file-service-definition.js';
import { sha1Of } from './sha1-of.js';

const sentPieceBytes = 256 * 1024;

/** A bad file that VerifyFiles found. */
export interface BadFile {
  readonly sha1: string;
  readonly actualSha1: string;
  readonly quarantinePath: string;
}

/** Calls to a daemon over a connection of their own, none of which is tried again: a call that fails tells how the daemon failed. */
export class NodeCalls {
  private readonly connection: RpcConnection;

  constructor(
    address: string,
    readonly token: string,
  ) {
    this.connection = new RpcConnection(address);
  }

  async nodeId(): Promise<string> {
    return (await this.connection.unary(NodeServiceService.getNode, {})).nodeId;
  }

  /** StoreLocalFile; resolves with the SHA-1. */
  async storeLocalFile(path: string): Promise<string> {
    const { file } = await this.connection.unary(files.storeLocalFile, { path, label: undefined }, this.patient);
    return sha1In(file);
  }

  /** LinkFile; resolves with the SHA-1. */
  async linkFile(path: string): Promise<string> {
    const { file } = await this.connection.unary(files.linkFile, { path, label: undefined }, this.patient);
    return sha1In(file);
  }

  /** StoreFile of bytes; resolves with the SHA-1. */
  async storeFile(bytes: Uint8Array, header: Partial<StoreFileHeader> = {}): Promise<string> {
    return this.storeStream(piecesOf(bytes), header);
  }

  /** StoreFile of what a stream brings; resolves with the SHA-1. */
  async storeStream(pieces: AsyncIterable<Buffer> | Iterable<Buffer>, header: Partial<StoreFileHeader> = {}): Promise<string> {
    const { file } = await this.connection.send(files.storeFile, storeRequests(pieces, header), { token: this.token });
    return sha1In(file);
  }

  /** StoreFile under an upload id: goes on behind what the daemon has kept, if it has kept something. Resolves with the SHA-1. */
  async storeResumable(bytes: Buffer, uploadId: string): Promise<string> {
    const committed = (await this.committedBytes(uploadId)) ?? 0;
    const header = { sizeBytes: BigInt(bytes.byteLength), sha1: sha1Of(bytes), uploadId, offset: BigInt(committed) };
    return this.storeFile(bytes.subarray(committed), header);
  }

  /** GetUpload: how much of an upload is kept, or undefined. */
  async committedBytes(uploadId: string): Promise<number | undefined> {
    try {
      return Number((await this.connection.unary(files.getUpload, { uploadId }, { token: this.token })).committedSizeBytes);
    } catch (error) {
      if (isKacheryError(error, 'upload-not-found')) return undefined;
      throw error;
    }
  }

  /** StoreFiles; resolves with the SHA-1s. */
  async storeFiles(contents: readonly Buffer[]): Promise<string[]> {
    const request = { files: contents.map((content) => ({ content, label: '' })) };
    const { results } = await this.connection.unary(files.storeFiles, request, this.patient);
    return results.map(({ outcome }) => {
      if (outcome?.$case !== 'file') throw new Error(`A file of a batch was not stored: ${outcome?.value.message ?? ''}`);
      return outcome.value.sha1;
    });
  }

  /** StatFile. */
  async statFile(sha1: string): Promise<FileInfo> {
    const { file } = await this.connection.unary(files.statFile, { uri: `sha1://${sha1}` }, { token: this.token });
    if (!file) throw new Error('StatFile answered without a file.');
    return file;
  }

  /** Those of the SHA-1s that the daemon does not have. */
  async missing(sha1s: readonly string[]): Promise<string[]> {
    return (await this.connection.unary(files.findMissingFiles, { sha1s: [...sha1s] }, { token: this.token })).missingSha1s;
  }

  /** The pieces that ReadFile brings. */
  async *read(sha1: string, offset = 0, length = 0): AsyncGenerator<Buffer, void, undefined> {
    const request = { uri: `sha1://${sha1}`, offset: BigInt(offset), length: BigInt(length), sources: undefined };
    for await (const { data } of this.connection.receive(files.readFile, request, { token: this.token })) yield data;
  }

  /** The whole content that ReadFile brings. */
  async readWhole(sha1: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.read(sha1)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  }

  /** DeleteFile. */
  async deleteFile(sha1: string): Promise<void> {
    await this.connection.unary(files.deleteFile, { uri: `sha1://${sha1}` }, { token: this.token });
  }

  /** VerifyFiles of all that is stored: what is bad. */
  async verify(quarantine = false): Promise<BadFile[]> {
    const bad: BadFile[] = [];
    for await (const { event } of this.connection.receive(files.verifyFiles, { uris: [], quarantine }, { token: this.token })) {
      if (event?.$case === 'badFile') bad.push(event.value);
    }
    return bad;
  }

  close(): void {
    this.connection.close();
  }

  private get patient() {
    return { token: this.token, timeoutMs: 120_000 };
  }
}

/** Bytes in pieces as clients send them. */
export function* piecesOf(bytes: Uint8Array): Generator<Buffer, void, undefined> {
  for (let from = 0; from < bytes.byteLength; from += sentPieceBytes) yield Buffer.from(bytes.subarray(from, from + sentPieceBytes));
}

async function* storeRequests(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  header: Partial<StoreFileHeader>,
): AsyncGenerator<StoreFileRequest, void, undefined> {
  yield { part: { $case: 'header', value: { label: '', offset: 0n, hasFooter: false, ...header } } };
  for await (const piece of pieces) yield { part: { $case: 'data', value: piece } };
}

function sha1In(file: FileInfo | undefined): string {
  if (!file) throw new Error('The answer came without a file.');
  return file.sha1;
}
