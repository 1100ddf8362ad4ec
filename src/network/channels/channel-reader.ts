import { createHash } from 'node:crypto';

import { isKacheryError, type KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type ChannelAddress } from './channel-address.js';
import { type ChannelConfig } from './channel-config.js';
import { type ChannelSource, type ChannelVersion, type ReadChannelOptions } from './channel-source.js';
import { parseChannelApart } from './parse-channel-apart.js';

/** What was read of a channel: what the known version says, something else, or what is no channel, with the failure `channel-invalid`. */
export type ChannelReading =
  | { readonly kind: 'same'; readonly version: ChannelVersion }
  | { readonly kind: 'read'; readonly version: ChannelVersion; readonly config: ChannelConfig }
  | { readonly kind: 'invalid'; readonly version: ChannelVersion; readonly failure: KacheryError };

/** Reads and parses files of channels, a few at a time. */
export class ChannelReader {
  private free: number = limits.maxChannelReads;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly source: ChannelSource) {}

  /** Reads a channel. Fails with `channel-unavailable`, with `channel-invalid` for what is not even a text, and with what `signal` is aborted with. */
  async read(address: ChannelAddress, options: ReadChannelOptions): Promise<ChannelReading> {
    await this.turn();
    try {
      return await this.readNow(address, options);
    } finally {
      this.free += 1;
      this.waiting.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    while (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.free -= 1;
  }

  private async readNow(address: ChannelAddress, { signal, known }: ReadChannelOptions): Promise<ChannelReading> {
    const read = await this.source.read(address, { signal, known });
    if (!read) return { kind: 'same', version: known ?? {} };
    const version = { ...read.version, digest: createHash('sha256').update(read.text).digest('hex') };
    if (version.digest === known?.['digest']) return { kind: 'same', version };
    try {
      return { kind: 'read', version, config: await parseChannelApart({ address, text: read.text }, { signal }) };
    } catch (error) {
      if (isKacheryError(error, 'channel-invalid')) return { kind: 'invalid', version, failure: error };
      throw error;
    }
  }
}
