import { type StoreFileFooter, type StoreFileRequest, type StoreFileResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { parseContentId } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { checkLabel, formatFileUri } from '../../core/uri.js';
import { sizeMismatch } from '../../storage/content-writer.js';
import { type Expectation, type FileStore, type IncomingFile, type StoreResult } from '../../storage/file-store.js';
import { type ReadBuffers } from '../../storage/read-buffers.js';
import { type CallContext } from '../call-context.js';
import { parsePosition } from '../position.js';
import { type MessageReader } from '../streams/message-reader.js';
import { type TransferRegistry } from '../transfer-registry.js';
import { fileInfo } from './file-info.js';
import { type ResumableCalls } from './resumable-calls.js';
import { checkUploadId } from './upload-id.js';

type Requests = Pick<MessageReader<StoreFileRequest>, 'next'>;

interface StoreFileParts {
  readonly store: FileStore;
  readonly transfers: TransferRegistry;
  /** Get back what the messages came in. */
  readonly buffers: ReadBuffers;
}

/** StoreFile: a header, then data. Content that is here already is answered at once; an upload that fails leaves what can be continued, and nothing else. */
export function storeFile(parts: StoreFileParts, resumableCalls: ResumableCalls) {
  const { store } = parts;
  return async (requests: Requests, context: CallContext): Promise<StoreFileResponse> => {
    const upload = parseHeader(await requests.next());
    const work = async (): Promise<StoreResult> =>
      (await findStored(store, upload.expected)) ?? (await receive(requests, await openUpload(store, upload), upload, parts));
    const { file, alreadyStored } = upload.resumed ? await resumableCalls.run(upload.resumed.uploadId, context, work) : await work();
    return { file: fileInfo(file, upload.label), alreadyStored };
  };
}

interface Upload {
  readonly label: string;
  readonly expected: Expectation;
  readonly hasFooter: boolean;
  readonly resumed?: { readonly uploadId: string; readonly offset: number; readonly expected: Required<Expectation> };
}

async function receive(requests: Requests, incoming: IncomingFile, upload: Upload, { transfers, buffers }: StoreFileParts): Promise<StoreResult> {
  const release = (data: Uint8Array): void => {
    buffers.release(data);
  };
  const transfer = transfers.begin('store', uriOf(upload), upload.expected.sizeBytes ?? 0);
  transfer.add(incoming.takenBytes);
  try {
    let footer: StoreFileFooter | undefined;
    for (let request = await requests.next(); request !== undefined; request = await requests.next()) {
      if (footer !== undefined) throw new KacheryError('invalid-argument', 'An upload ends with its footer; more came behind it.', { field: 'footer' });
      if (request.part?.$case === 'footer') {
        footer = request.part.value;
        continue;
      }
      const data = dataOf(request);
      const sizeBytes = data.byteLength;
      await incoming.write(data, release);
      transfer.add(sizeBytes);
    }
    checkFooter(incoming, upload, footer);
    checkComplete(incoming, upload);
    const result = await incoming.finish();
    transfer.end('done', formatFileUri(result.file.id, upload.label, result.file.manifestId));
    return result;
  } catch (error) {
    transfer.end('failed');
    await incoming.abort();
    throw error;
  }
}

/** Some clients' cancellation looks like the end of their stream; the footer tells them apart. */
function checkFooter({ takenBytes }: IncomingFile, { hasFooter }: Upload, footer: StoreFileFooter | undefined): void {
  if (footer === undefined && !hasFooter) return;
  if (footer === undefined) {
    throw new KacheryError('invalid-argument', 'The upload ended without the footer that its header announces, so it was cut off. Send it again.', {
      field: 'footer',
    });
  }
  const sizeBytes = parsePosition(footer.sizeBytes, 'footer.size_bytes');
  if (sizeBytes !== takenBytes) throw sizeMismatch(sizeBytes, takenBytes);
}

/** A resumable upload that stops early is not wrong, it is interrupted: what was sent is kept. */
function checkComplete({ takenBytes }: IncomingFile, { resumed }: Upload): void {
  if (!resumed || takenBytes >= resumed.expected.sizeBytes) return;
  const [expected, actual] = [String(resumed.expected.sizeBytes), String(takenBytes)];
  throw new KacheryError('size-mismatch', `The upload ended after ${actual} of ${expected} bytes. Go on with it at offset ${actual}.`, { expected, actual });
}

function openUpload(store: FileStore, { expected, resumed }: Upload): Promise<IncomingFile> {
  return resumed ? store.receiveUpload(resumed.uploadId, resumed.expected, resumed.offset) : store.receive(expected);
}

/** The file, if it is here and good. One that is here and bad is replaced, and of two sizes the data tells which is the right one. */
async function findStored(store: FileStore, { id, sizeBytes }: Expectation): Promise<StoreResult | undefined> {
  if (id === undefined) return undefined;
  const file = await store.findIntact(id);
  return file && (sizeBytes === undefined || sizeBytes === file.sizeBytes) ? { file, alreadyStored: true } : undefined;
}

function parseHeader(first: StoreFileRequest | undefined): Upload {
  if (first?.part?.$case !== 'header') {
    throw new KacheryError('invalid-argument', 'The first message of an upload must be its header.', { field: 'header' });
  }
  const header = first.part.value;
  const label = checkLabel(header.label);
  const id = header.sha1 === undefined ? undefined : parseContentId(header.sha1);
  const sizeBytes = header.sizeBytes === undefined ? undefined : parsePosition(header.sizeBytes, 'size_bytes');
  const expected = { ...(id !== undefined && { id }), ...(sizeBytes !== undefined && { sizeBytes }) };
  const offset = parsePosition(header.offset, 'offset');
  const { hasFooter } = header;
  if (header.uploadId !== undefined) return { label, expected, hasFooter, resumed: parseResumed(header.uploadId, expected, offset) };
  if (offset === 0) return { label, expected, hasFooter };
  throw new KacheryError('invalid-argument', `The upload starts at offset ${String(offset)}, but names no upload_id to go on with.`, { field: 'offset' });
}

function parseResumed(uploadId: string, { id, sizeBytes }: Expectation, offset: number): NonNullable<Upload['resumed']> {
  checkUploadId(uploadId);
  if (id !== undefined && sizeBytes !== undefined) return { uploadId, offset, expected: { id, sizeBytes } };
  throw new KacheryError('invalid-argument', 'An upload with an upload_id needs sha1 and size_bytes, too.', {
    field: id === undefined ? 'sha1' : 'size_bytes',
  });
}

function dataOf({ part }: StoreFileRequest): Buffer {
  if (part && part.$case !== 'data') throw new KacheryError('invalid-argument', 'An upload has one header; a second one was sent.', { field: 'header' });
  const data = part?.value ?? Buffer.alloc(0);
  if (data.byteLength <= limits.maxUploadMessageBytes) return data;
  const [limit, actual] = [String(limits.maxUploadMessageBytes), String(data.byteLength)];
  throw new KacheryError('too-large', `A message of ${actual} bytes of data is over the limit of ${limit}. Send the file in smaller pieces.`, {
    limit,
    actual,
  });
}

function uriOf({ expected, label }: Upload): string {
  return expected.id === undefined ? '' : formatFileUri(expected.id, label);
}
