import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { type Clock } from '../../core/clock.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { orAborted } from '../../core/or-aborted.js';
import { type ChannelAddress } from './channel-address.js';
import { type ChannelSource, type ChannelText, type ChannelVersion, type ReadChannelOptions } from './channel-source.js';
import { channelTooLarge, decodeChannelText } from './decode-channel-text.js';
import { channelInvalid } from './channel-invalid.js';

/** File systems tell the time of a change this roughly: what changes again right behind it may keep the same time. */
const roughTimeMs = 3_000;

/** Files of channels on this machine. */
export class FileChannelSource implements ChannelSource {
  /** One reading of a file at a time: a disk that is gone keeps it for ever, and a thread with it, of which the process has few. */
  private readonly underWay = new Map<ChannelAddress, Promise<void>>();

  constructor(private readonly clock: Clock) {}

  async read(address: ChannelAddress, { signal, known }: ReadChannelOptions): Promise<ChannelText | undefined> {
    for (let earlier = this.underWay.get(address); earlier; earlier = this.underWay.get(address)) await orAborted(earlier, signal);
    signal.throwIfAborted();
    const reading = this.readNow(address, known);
    const end = (): void => void this.underWay.delete(address);
    this.underWay.set(address, reading.then(end, end));
    return orAborted(reading, signal);
  }

  private async readNow(address: ChannelAddress, known: ChannelVersion | undefined): Promise<ChannelText | undefined> {
    try {
      // A pipe without a writer would let the open wait for ever.
      const file = await open(address, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return await this.readOpened(file, address, known);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw error instanceof KacheryError ? error : unavailable(address, error);
    }
  }

  private async readOpened(file: FileHandle, address: ChannelAddress, known: ChannelVersion | undefined): Promise<ChannelText | undefined> {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw channelInvalid(address, 'it is not a regular file.');
    if (stats.size > limits.maxChannelFileBytes) throw channelTooLarge(address);
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    const identity = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    if (known?.['identity'] === identity) return undefined;
    const isSettled = this.clock.now() - Number(stats.ctimeMs) > roughTimeMs;
    return { text: decodeChannelText(address, await readBounded(file, address)), version: isSettled ? { identity } : {} };
  }
}

async function readBounded(file: FileHandle, address: ChannelAddress): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of file.createReadStream({ autoClose: false, start: 0, end: limits.maxChannelFileBytes }) as AsyncIterable<Buffer>) {
    pieces.push(piece);
    sizeBytes += piece.byteLength;
  }
  if (sizeBytes > limits.maxChannelFileBytes) throw channelTooLarge(address);
  return Buffer.concat(pieces, sizeBytes);
}

function unavailable(address: ChannelAddress, cause: unknown): KacheryError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new KacheryError('channel-unavailable', `The channel ${address} cannot be read: ${problemOf(code, message)}.`, { channel: address }, { cause });
}

function problemOf(code: string | undefined, message: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return "there is no such file on the daemon's machine. Check the path, and that its disk is mounted";
    case 'EACCES':
    case 'EPERM':
      return `the user who runs the daemon may not read it (${code}). Check the rights of the file and of the directories above it`;
    default:
      return message;
  }
}
