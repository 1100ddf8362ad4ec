import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';

/** The name of an upload itself, if it may be one. Fails with `invalid-argument`. */
export function checkUploadId(uploadId: string): string {
  if (/^[A-Za-z0-9_-]{16,64}$/.test(uploadId)) return uploadId;
  throw new KacheryError('invalid-argument', `${quoted(uploadId)} is not an upload_id: 16 to 64 letters, digits, "-" and "_" are needed.`, {
    field: 'upload_id',
  });
}
