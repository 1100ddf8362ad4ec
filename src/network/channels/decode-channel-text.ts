import { type KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { channelInvalid } from './channel-invalid.js';

/** The text of a channel's file. Fails with `channel-invalid` if the bytes are not UTF-8. */
export function decodeChannelText(address: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw channelInvalid(address, 'it is not text in UTF-8. Save it with that encoding.');
  }
}

/** The failure that a file has more bytes than that of a channel may have. */
export function channelTooLarge(address: string): KacheryError {
  return channelInvalid(address, `it has more than ${String(limits.maxChannelFileBytes)} bytes, the most that a channel may have.`);
}
