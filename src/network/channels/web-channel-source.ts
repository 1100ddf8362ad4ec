import { type IncomingHttpHeaders } from 'node:http';

import { type Dispatcher } from 'undici';

import { limits } from '../../core/limits.js';
import { orAborted } from '../../core/or-aborted.js';
import { type ChannelAddress } from './channel-address.js';
import { type ChannelSource, type ChannelText, type ChannelVersion, type ReadChannelOptions } from './channel-source.js';
import { channelTooLarge, decodeChannelText } from './decode-channel-text.js';
import { answerFailure, badRedirection, requestFailure, webFailure } from './web-failure.js';
import { type WebProxies } from './web-proxies.js';

const maxVersionLength = 1_000;

/** Files of channels at http(s) URLs. */
export class WebChannelSource implements ChannelSource {
  constructor(private readonly proxies: WebProxies) {}

  async read(address: ChannelAddress, { signal, known }: ReadChannelOptions): Promise<ChannelText | undefined> {
    try {
      // Its library has a hundred files, which a daemon without such a channel need not load.
      const { openProxied } = await import('./open-proxied.js');
      const dispatcher = openProxied(this.proxies);
      try {
        return await orAborted(readFrom(dispatcher, address, { signal, known }), signal);
      } finally {
        // Nobody has to wait until the last socket is gone.
        dispatcher.destroy().catch(() => undefined);
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw requestFailure(address, error, this.proxies);
    }
  }
}

async function readFrom(dispatcher: Dispatcher, address: ChannelAddress, { signal, known }: ReadChannelOptions): Promise<ChannelText | undefined> {
  const { request } = await import('undici');
  let url = new URL(address);
  for (let redirections = 0; redirections <= limits.maxChannelRedirects; redirections++) {
    const { statusCode, headers, body } = await request(url, { dispatcher, signal, headers: requestHeaders(known), headersTimeout: 0, bodyTimeout: 0 });
    // Whatever is not read ends with the dispatcher.
    body.on('error', () => undefined);
    if (statusCode === 200) return { text: decodeChannelText(address, await readBounded(address, headers, body)), version: versionOf(headers) };
    if (statusCode === 304 && known) return undefined;
    if (![301, 302, 303, 307, 308].includes(statusCode)) throw answerFailure(address, statusCode);
    url = redirected(address, url, headers.location);
  }
  throw badRedirection(address, `there are more than ${String(limits.maxChannelRedirects)} redirections`);
}

/** Caches on the way are asked to look for news. */
function requestHeaders(known: ChannelVersion | undefined): Record<string, string> {
  return {
    'user-agent': 'kachery-p2p',
    accept: 'application/yaml, text/yaml, text/plain, */*;q=0.5',
    'accept-encoding': 'identity',
    'cache-control': 'no-cache',
    ...(known?.['etag'] !== undefined && { 'if-none-match': known['etag'] }),
    ...(known?.['lastModified'] !== undefined && { 'if-modified-since': known['lastModified'] }),
  };
}

function versionOf({ etag, 'last-modified': lastModified }: IncomingHttpHeaders): ChannelVersion {
  return {
    ...(etag !== undefined && etag.length <= maxVersionLength && { etag }),
    ...(lastModified !== undefined && lastModified.length <= maxVersionLength && { lastModified }),
  };
}

async function readBounded(address: ChannelAddress, headers: IncomingHttpHeaders, body: AsyncIterable<Buffer>): Promise<Buffer> {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw webFailure(address, `the server sends it compressed (${encoding}), although it was asked not to`);
  if (Number(headers['content-length'] ?? 0) > limits.maxChannelFileBytes) throw channelTooLarge(address);
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    sizeBytes += piece.byteLength;
    if (sizeBytes > limits.maxChannelFileBytes) throw channelTooLarge(address);
  }
  return Buffer.concat(pieces, sizeBytes);
}

/** What came encrypted must not go on in the clear: whoever changes the file on its way decides who may read here. */
function redirected(address: ChannelAddress, from: URL, location: string | string[] | undefined): URL {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) throw badRedirection(address, 'the server redirects to nowhere');
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw badRedirection(address, `the server redirects to ${to.protocol}, which channels cannot be read from`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw badRedirection(address, `the server redirects from https to ${to.origin}, which is not encrypted`);
  return to;
}
