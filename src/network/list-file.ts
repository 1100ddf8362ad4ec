import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isKacheryError, KacheryError } from '../core/failure.js';
import { syncDirectory } from './sync-directory.js';
import { writeFileAtomically } from './write-file-atomically.js';

/** What is in a list, and what is said when its file is of no use. */
export interface ListFormat<Item> {
  /** The file is a JSON object with the list under this name. */
  readonly field: string;
  /** What one of the list is in JSON. */
  readonly format: (item: Item) => object;
  /** The reverse. Fails with a TypeError or a KacheryError for what is no such thing. */
  readonly parse: (value: unknown) => Item;
  /** What the list is called, such as `list of mirrors`. */
  readonly name: string;
  /** How its owner makes a new one, such as `add the mirrors again`. */
  readonly remedy: string;
  /** What it means that it cannot be written, such as `the list of mirrors stays as it was`. */
  readonly consequence: string;
}

/** Files that keep a list which their owner has made. */
export class ListFile<Item> {
  constructor(private readonly options: ListFormat<Item>) {}

  /** What is in the list; nothing if there is no such file yet. Fails with `content-corrupt` for other content, and with `path-not-permitted`. */
  async read(path: string): Promise<Item[]> {
    const { field, parse } = this.options;
    try {
      const list = (JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>>)[field];
      if (!Array.isArray(list)) throw new TypeError(`it has no ${field}`);
      return list.map(parse);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      if (error instanceof SyntaxError || error instanceof TypeError || isKacheryError(error)) throw this.corrupt(path, error);
      throw this.notUsable(path, error);
    }
  }

  /** Writes the list; it is on disk when it resolves. Fails with `path-not-permitted` and `disk-full`. */
  async write(path: string, items: readonly Item[]): Promise<void> {
    const { field, format } = this.options;
    try {
      await writeFileAtomically(path, `${JSON.stringify({ [field]: items.map(format) }, undefined, 2)}\n`, 0o600);
      await syncDirectory(dirname(path));
    } catch (error) {
      throw this.notUsable(path, error);
    }
  }

  private corrupt(path: string, cause: Error): KacheryError {
    const { name, remedy } = this.options;
    const message = `${path} does not hold the ${name} (${cause.message}). Correct it, or move it away and ${remedy}.`;
    return new KacheryError('content-corrupt', message, { path }, { cause });
  }

  private notUsable(path: string, cause: unknown): KacheryError {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      const full = `The disk of ${path} is full (${code}), so ${this.options.consequence}. Free some space.`;
      return new KacheryError('disk-full', full, { path }, { cause });
    }
    const problem = `${path} cannot be read or written: ${message}. Check its rights and those of its directory.`;
    return new KacheryError('path-not-permitted', problem, { path }, { cause });
  }
}
