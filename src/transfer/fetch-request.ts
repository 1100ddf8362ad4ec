import { type ContentId } from '../core/content-id.js';
import { type PeerSelection } from '../network/peer.js';
import { type ReadBuffers } from '../storage/read-buffers.js';

/** Which content is wanted. */
export interface FetchTarget {
  readonly id: ContentId;
  /** Of its manifest, if the URI names one: it is believed rather than those that other nodes name. */
  readonly manifestId?: ContentId | undefined;
  /** How messages name it; absent for `sha1://<id>`. */
  readonly uri?: string | undefined;
}

/** Who may be asked, and what stops the request. */
export interface FetchOptions {
  /** Absent for all nodes that joined channels authorise. */
  readonly sources?: PeerSelection | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes from `start` up to `end`, or up to the end of the file. */
export interface FetchRange {
  readonly start: number;
  readonly end?: number | undefined;
}

/** How the pieces of a range are made; see FileStore.read. */
export interface FetchReadOptions extends FetchOptions {
  readonly headroomBytes?: number | undefined;
  readonly buffers?: ReadBuffers | undefined;
  /**
   * The caller compares what it reads with a hash of its own before anybody uses it. Otherwise a part of a file is given out before all of it is verified only if
   * the target names its manifest: one that merely a node names may be forged.
   */
  readonly isCheckedByCaller?: boolean | undefined;
}
