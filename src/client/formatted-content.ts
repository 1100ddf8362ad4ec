import { collect } from './collect.js';
import { encodeJson } from './encode-json.js';
import { type KacheryClient, type RangeOptions, type StoreOptions } from './kachery-client.js';
import { type LoadOptions } from './load-options.js';
import { type NpyArray } from './npy-array.js';
import { decodeNpy, encodeNpy } from './npy-format.js';
import { decodeJson, decodeText, encodeText } from './text-content.js';

type Formats = 'storeText' | 'storeJson' | 'storeNpy' | 'loadText' | 'loadJson' | 'loadNpy' | 'loadBytes';

/** Text, JSON and arrays for a client that stores and reads bytes. */
export abstract class FormattedContent implements Pick<KacheryClient, Formats | 'storeBytes' | 'readFile'> {
  abstract storeBytes(content: Uint8Array, options?: StoreOptions): Promise<string>;
  abstract readFile(uri: string, options?: RangeOptions): AsyncIterable<Uint8Array>;

  async storeText(text: string, options: StoreOptions = {}): Promise<string> {
    return this.storeBytes(encodeText(text), { ...options, label: options.label ?? 'file.txt' });
  }

  async storeJson(value: unknown, options: StoreOptions = {}): Promise<string> {
    return this.storeBytes(encodeText(encodeJson(value)), { ...options, label: options.label ?? 'file.json' });
  }

  async storeNpy(array: NpyArray, options: StoreOptions = {}): Promise<string> {
    return this.storeBytes(encodeNpy(array), { ...options, label: options.label ?? 'file.npy' });
  }

  async loadText(uri: string, options?: LoadOptions): Promise<string> {
    return decodeText(await this.loadWhole(uri, options), uri);
  }

  async loadJson(uri: string, options?: LoadOptions): Promise<unknown> {
    return decodeJson(await this.loadWhole(uri, options), uri);
  }

  async loadNpy(uri: string, options?: LoadOptions): Promise<NpyArray> {
    return decodeNpy(await this.loadWhole(uri, options));
  }

  async loadBytes(uri: string, options?: RangeOptions): Promise<Uint8Array> {
    return collect(this.readFile(uri, options));
  }

  private loadWhole(uri: string, { signal, onProgress, fromNode, fromChannel, localOnly }: LoadOptions = {}): Promise<Uint8Array> {
    return this.loadBytes(uri, { signal, onProgress, fromNode, fromChannel, localOnly });
  }
}
