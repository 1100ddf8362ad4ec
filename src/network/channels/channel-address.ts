import { isAbsolute, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';

/** Where a channel's file is: an http(s) URL, or an absolute path on this machine. It is the channel's identity. Only {@link parseChannelAddress} makes one. */
export type ChannelAddress = string & { readonly __brand: 'ChannelAddress' };

const forms = 'Give the URL of the raw file, such as https://example.org/channel.yaml, or the absolute path of a file on the machine of the daemon.';
/** A gist's address that names one version, so that changes would never be seen: owner, id, `raw`, the version, the name of the file. */
const pinnedGist = /^(https:\/\/gist\.githubusercontent\.com\/[^/?#]+\/[0-9a-f]+\/raw\/)[0-9a-f]{40}\/([^/?#]+)$/;

/** The address that `text` spells; a gist's loses its version, a `file:` URL becomes a path. Fails with `invalid-argument`. */
export function parseChannelAddress(text: string): ChannelAddress {
  const trimmed = text.trim();
  if (trimmed === '') throw malformed(text, 'is empty');
  if (trimmed.length > limits.maxUriLength) throw malformed(text, `has more than ${String(limits.maxUriLength)} characters`);
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  if (/[\u0000-\u001f\u007f]/.test(trimmed)) throw malformed(text, 'has control characters');
  if (isAbsolute(trimmed)) return normalize(trimmed) as ChannelAddress;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(trimmed)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'http':
    case 'https':
      return webAddress(trimmed);
    case 'file':
      return pathOfFileUrl(trimmed);
    case undefined:
      throw malformed(text, 'is a relative path, and the daemon has a working directory of its own');
    default:
      throw malformed(text, `begins with ${scheme}:, which channels cannot be read from`);
  }
}

/** Tells whether a channel is a file on this machine. */
export function isLocalFile(address: ChannelAddress): boolean {
  return isAbsolute(address);
}

/** The text stays as it is: all members have to spell it alike. */
function webAddress(text: string): ChannelAddress {
  const url = parsedUrl(text);
  if (url === undefined || url.hostname === '') throw malformed(text, 'is not a URL');
  if (url.username !== '' || url.password !== '') throw malformed(text, 'holds a user name or a password, which is not supported');
  return text.replace(pinnedGist, '$1$2') as ChannelAddress;
}

function pathOfFileUrl(text: string): ChannelAddress {
  try {
    return normalize(fileURLToPath(text)) as ChannelAddress;
  } catch (error) {
    throw malformed(text, `is not the URL of a file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function malformed(text: string, problem: string): KacheryError {
  return new KacheryError('invalid-argument', `The address of a channel ${quoted(text)} ${problem}. ${forms}`, { field: 'address' });
}
