import { type ChannelAddress } from './channel-address.js';

/** By what a file can be recognised that did not change; what a source gave with it, for it alone to understand. */
export type ChannelVersion = Readonly<Record<string, string>>;

/** The file of a channel. */
export interface ChannelText {
  readonly text: string;
  readonly version: ChannelVersion;
}

/** Stops a read when aborted; whoever has a version is told if it is still that. */
export interface ReadChannelOptions {
  readonly signal: AbortSignal;
  readonly known?: ChannelVersion | undefined;
}

/** Where files of channels come from. */
export interface ChannelSource {
  /**
   * The file at an address, or undefined if it is the `known` one. Fails with `channel-unavailable` if it cannot be had, with `channel-invalid` if it cannot be
   * that of a channel, and with what `signal` is aborted with.
   */
  read(address: ChannelAddress, options: ReadChannelOptions): Promise<ChannelText | undefined>;
}
