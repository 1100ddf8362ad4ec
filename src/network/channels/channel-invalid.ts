import { KacheryError } from '../../core/failure.js';

/** The failure that what is at a channel's address is no channel. */
export function channelInvalid(address: string, problem: string, details: Readonly<Record<string, string>> = {}): KacheryError {
  return new KacheryError('channel-invalid', `What is at ${address} is not a channel: ${problem}`, { channel: address, ...details });
}
