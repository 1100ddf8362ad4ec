import { KacheryError } from '../core/failure.js';
import { nodeIdOf, StorageView } from './storage-view.js';

/** A daemon, as it names itself and its directory. */
export interface StorageOwner {
  readonly nodeId: string;
  readonly storageDir: string;
}

/**
 * The daemon's storage directory where this machine sees it: at `givenDir` if the user told, otherwise under the daemon's own path; undefined if it is not
 * visible. Fails with `storage-mismatch` if `givenDir` is not the directory of this daemon.
 */
export async function findVisibleStorage(owner: StorageOwner, givenDir: string | undefined): Promise<StorageView | undefined> {
  const dir = givenDir ?? owner.storageDir;
  const nodeId = await nodeIdOf(dir);
  if (nodeId === owner.nodeId) return new StorageView(dir);
  if (givenDir === undefined) return undefined;
  const found = nodeId === undefined ? 'has no readable file kachery-node-id' : `is the one of the node ${nodeId}`;
  throw new KacheryError(
    'storage-mismatch',
    `KACHERY_STORAGE_DIR is ${givenDir}, which ${found}, but the daemon is the node ${owner.nodeId} and stores in ${owner.storageDir} on its machine. ` +
      "Unset KACHERY_STORAGE_DIR, or set it to where this machine sees the daemon's directory.",
    { path: givenDir },
  );
}
