import { type ContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { type FetchOptions } from './fetch-request.js';

/** a */
export async function* readManyFiles(
  _ids: readonly ContentId[],
  _options: FetchOptions,
  _parts: unknown,
): AsyncGenerator<Buffer | KacheryError, void, undefined> {
  yield new KacheryError('not-supported', 'not yet');
}
