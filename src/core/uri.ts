import { type ByteRange } from './byte-range.js';
import { type ContentId, isContentId, quoted } from './content-id.js';
import { KacheryError } from './failure.js';
import { limits } from './limits.js';

/** `sha1://<40 hex>[/<label>][?manifest=<40 hex>]`: a whole file. */
export interface FileUri {
  readonly kind: 'file';
  readonly id: ContentId;
  /** Cosmetic, as it stands in the URI; empty for none. */
  readonly label: string;
  readonly manifestId?: ContentId;
}

/** `sha1://<chunk>?chunkOf=<sha1>~<start>~<end>`: the bytes [start, end) of another file. */
export interface ChunkUri {
  readonly kind: 'chunk';
  readonly id: ContentId;
  readonly parentId: ContentId;
  readonly range: ByteRange;
  readonly label: string;
}

/** `sha1dir://<40 hex>[.<label>]/<path>`: a file inside a directory whose listing is the content. */
export interface DirectoryUri {
  readonly kind: 'directory';
  readonly id: ContentId;
  /** Names from the directory down to the file; empty for the directory itself. */
  readonly path: readonly string[];
}

/** A parsed URI. Only {@link parseUri} makes one from text. */
export type KacheryUri = FileUri | ChunkUri | DirectoryUri;

const sha1Form = /^sha1:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;
const sha1DirectoryForm = /^sha1dir:\/\/([^/?]*)(?:\/([^?]*))?$/s;
const chunkForm = /^([^~]*)~(0|[1-9][0-9]*)~(0|[1-9][0-9]*)$/;

/** The URI that `text` spells. Fails with `invalid-uri`, saying what is wrong with it. */
export function parseUri(text: string): KacheryUri {
  if (text.length > limits.maxUriLength) {
    throw malformed(text, `it is ${String(text.length)} characters long; at most ${String(limits.maxUriLength)} are allowed`);
  }
  const sha1 = sha1Form.exec(text);
  if (sha1) return parseSha1(text, sha1[1] ?? '', sha1[2] ?? '', sha1[3]);
  const directory = sha1DirectoryForm.exec(text);
  if (directory) return parseDirectory(text, directory[1] ?? '', directory[2] ?? '');
  throw malformed(text, 'it must begin with sha1:// or sha1dir://');
}

/** The URI of a whole file that `text` spells. Fails with `invalid-uri`, also for URIs of the other kinds. */
export function parseFileUri(text: string): FileUri {
  const uri = parseUri(text);
  if (uri.kind !== 'file') throw malformed(text, 'only the address of a whole file, sha1://<40 hex>[/<label>], can be used here');
  return uri;
}

/** The URI of a file as it is told to users. */
export function formatFileUri(id: ContentId, label: string, manifestId?: ContentId): string {
  return `sha1://${id}${label === '' ? '' : `/${label}`}${manifestId === undefined ? '' : `?manifest=${manifestId}`}`;
}

/**
 * The label itself, if it may stand in a URI. Fails with `invalid-argument` if it is too long or holds `/`, `?`, `#` or a control character.
 */
export function checkLabel(label: string): string {
  const sizeBytes = Buffer.byteLength(label);
  if (sizeBytes > limits.maxLabelBytes) {
    throw new KacheryError(
      'invalid-argument',
      `The label has ${String(sizeBytes)} bytes; at most ${String(limits.maxLabelBytes)} are allowed. Give a shorter one.`,
      { field: 'label' },
    );
  }
  if (!isPlainLabel(label) || label.includes('/')) {
    throw new KacheryError('invalid-argument', `The label ${quoted(label)} holds "/", "?", "#" or a control character. Give another one.`, { field: 'label' });
  }
  return label;
}

/** The label that a file of this path gets: the path's last part, with what may not stand in a label replaced by `_` and cut to what is allowed. */
export function labelFromPath(path: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  let label = (path.split('/').at(-1) ?? '').toWellFormed().replace(/[?#\u0000-\u001f\u007f]/g, '_');
  while (Buffer.byteLength(label) > limits.maxLabelBytes) label = Array.from(label).slice(0, -1).join('');
  return label;
}

function parseSha1(text: string, host: string, label: string, query: string | undefined): FileUri | ChunkUri {
  const id = idOf(text, host);
  if (Buffer.byteLength(label) > limits.maxLabelBytes) {
    throw malformed(text, `its label is longer than ${String(limits.maxLabelBytes)} bytes`);
  }
  if (!isPlainLabel(label)) throw malformed(text, 'its label holds a control character or "#"');
  if (query === undefined) return { kind: 'file', id, label };
  const parameters = parseQuery(text, query);
  const manifest = parameters.get('manifest');
  const chunkOf = parameters.get('chunkOf');
  if (chunkOf === undefined) return manifest === undefined ? { kind: 'file', id, label } : { kind: 'file', id, label, manifestId: idOf(text, manifest) };
  const chunk = chunkForm.exec(chunkOf);
  const range = { start: Number(chunk?.[2]), end: Number(chunk?.[3]) };
  if (!chunk || manifest !== undefined || !Number.isSafeInteger(range.end) || range.start >= range.end) {
    throw malformed(text, 'chunkOf must be <40 hex>~<start>~<end> with start < end, and stand alone');
  }
  return { kind: 'chunk', id, label, parentId: idOf(text, chunk[1] ?? ''), range };
}

function parseDirectory(text: string, host: string, path: string): DirectoryUri {
  const names = path === '' ? [] : path.split('/');
  if (names.at(-1) === '') names.pop();
  if (names.some((name) => name === '' || name === '.' || name === '..')) throw malformed(text, 'its path has an empty part, "." or ".."');
  return { kind: 'directory', id: idOf(text, host), path: names };
}

function parseQuery(text: string, query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    const [name, value] = [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)];
    if (!part.includes('=') || (name !== 'manifest' && name !== 'chunkOf')) {
      throw malformed(text, `its query holds ${quoted(part)}; only manifest=<40 hex> and chunkOf=<40 hex>~<start>~<end> are known`);
    }
    if (parameters.has(name)) throw malformed(text, `its query names ${name} twice`);
    parameters.set(name, value);
  }
  return parameters;
}

/** The id of a host part, behind which older versions put `.<label>`. */
function idOf(text: string, host: string): ContentId {
  const dot = host.indexOf('.');
  const hash = dot === -1 ? host : host.slice(0, dot);
  if (!isContentId(hash)) throw malformed(text, `${quoted(hash)} is not a SHA-1 hash of 40 digits 0-9 and a-f in lower case`);
  return hash;
}

function isPlainLabel(label: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  return label.isWellFormed() && !/[?#\u0000-\u001f\u007f]/.test(label);
}

function malformed(text: string, problem: string): KacheryError {
  return new KacheryError('invalid-uri', `${quoted(text)} is not a kachery URI: ${problem}. An example: sha1://${'0'.repeat(40)}/name.dat`, {
    uri: text.slice(0, 200),
  });
}
