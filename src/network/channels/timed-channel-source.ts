import { type Clock } from '../../core/clock.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type ChannelAddress, isLocalFile } from './channel-address.js';
import { type ChannelSource, type ChannelText, type ReadChannelOptions } from './channel-source.js';
import { FileChannelSource } from './file-channel-source.js';
import { WebChannelSource } from './web-channel-source.js';
import { type WebProxies } from './web-proxies.js';

/** Files of channels from the web, through the proxies that lead there, and from this machine. */
export function channelSource(proxies: WebProxies, clock: Clock): ChannelSource {
  return new TimedChannelSource(new FileChannelSource(clock), new WebChannelSource(proxies), { readMs: limits.channelReadMs });
}

/** Files of channels from the web and from this machine; what takes longer than `readMs` fails with `channel-unavailable`. */
export class TimedChannelSource implements ChannelSource {
  constructor(
    private readonly files: ChannelSource,
    private readonly web: ChannelSource,
    private readonly options: { readonly readMs: number },
  ) {}

  async read(address: ChannelAddress, { signal, known }: ReadChannelOptions): Promise<ChannelText | undefined> {
    signal.throwIfAborted();
    const ended = new AbortController();
    const stop = (): void => {
      ended.abort(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    const timer = setTimeout(() => {
      ended.abort(tooSlow(address, this.options.readMs));
    }, this.options.readMs);
    try {
      return await (isLocalFile(address) ? this.files : this.web).read(address, { signal: ended.signal, known });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

function tooSlow(address: ChannelAddress, readMs: number): KacheryError {
  const wait = isLocalFile(address) ? 'Check the disk of this file.' : "Check this machine's way to it, or a proxy that has to be used (HTTPS_PROXY).";
  return new KacheryError('channel-unavailable', `The channel ${address} cannot be read: it did not come within ${String(readMs / 1000)} s. ${wait}`, {
    channel: address,
  });
}
