import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { type StructuredLog } from '../../core/structured-log.js';
import { type ChannelTag } from '../membership.js';
import { writeFileAtomically } from '../write-file-atomically.js';
import { type ChannelAddress } from './channel-address.js';
import { type ChannelConfig } from './channel-config.js';
import { type ChannelVersion } from './channel-source.js';
import { channelTag } from './channel-tag.js';

/** What a channel's file said when it was last read well. */
export interface ChannelCopy {
  readonly config: ChannelConfig;
  readonly version: ChannelVersion;
  /** Milliseconds since 1970 UTC. */
  readonly readAtMs: number;
}

/** Changes with what is made of a channel's file, so that older copies are not taken for the file as it is understood now. */
const format = 1;

/** The last good copies of channels, so that a node that starts without a network knows its channels. Nothing here fails: what is lost comes again. */
export class ChannelCopies {
  private constructor(
    private readonly dir: string,
    private readonly log: StructuredLog,
  ) {}

  /** Opens the copies in a folder, or makes it, and removes those of other channels than `joined`. */
  static async open(dir: string, joined: readonly ChannelAddress[], log: StructuredLog): Promise<ChannelCopies> {
    const copies = new ChannelCopies(dir, log);
    await copies.attempt('made or tidied up', async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const wanted = new Set(joined.map((address) => nameOf(channelTag(address))));
      for (const name of await readdir(dir)) if (!wanted.has(name)) await unlink(join(dir, name));
    });
    return copies;
  }

  /** The copy of a channel, if there is one. */
  async read(address: ChannelAddress): Promise<ChannelCopy | undefined> {
    const text = await readFile(this.pathOf(address), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseCopy(text, address);
  }

  /** Keeps a copy in place of the one before. None stays if that cannot be: the one before may list nodes that the channel lists no longer. */
  async write(address: ChannelAddress, { config, version, readAtMs }: ChannelCopy): Promise<void> {
    const text = `${JSON.stringify({ format, address, readAtMs, version, config })}\n`;
    await this.attempt('written', async () => {
      try {
        await writeFileAtomically(this.pathOf(address), text, 0o600);
      } catch (error) {
        await this.remove(address);
        throw error;
      }
    });
  }

  /** Removes a copy. */
  async remove(address: ChannelAddress): Promise<void> {
    await unlink(this.pathOf(address)).catch(() => undefined);
  }

  private pathOf(address: ChannelAddress): string {
    return join(this.dir, nameOf(channelTag(address)));
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log.warn({ err: error, path: this.dir }, `the copies of channels cannot be ${what}; a start without a network will not know them`);
    }
  }
}

function nameOf(tag: ChannelTag): string {
  return `${tag}.json`;
}

function parseCopy(text: string, address: ChannelAddress): ChannelCopy | undefined {
  try {
    const copy = JSON.parse(text) as ChannelCopy & { readonly format: unknown; readonly address: unknown };
    const { config, version, readAtMs } = copy;
    if (copy.format !== format || copy.address !== address || typeof readAtMs !== 'number') return undefined;
    return Array.isArray(config.nodes) && Array.isArray(config.bootstrapAddresses) ? { config, version, readAtMs } : undefined;
  } catch {
    return undefined;
  }
}
