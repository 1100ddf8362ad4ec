import { type SourceSelection } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { type CallOptions } from './call-options.js';

/** Options of operations that may bring a file from other nodes. Offline they say nothing, for then nobody is asked. */
export interface LoadOptions extends CallOptions {
  /** Only this node is asked: its id. */
  readonly fromNode?: string | undefined;
  /** Only nodes of this joined channel are asked: its address, or its label. */
  readonly fromChannel?: string | undefined;
  /** Nobody is asked: only what the daemon has counts. */
  readonly localOnly?: boolean | undefined;
}

/** Which nodes a request lets be asked; undefined for all. */
export function sourceSelection({ fromNode, fromChannel, localOnly }: LoadOptions): SourceSelection | undefined {
  if (fromNode === undefined && fromChannel === undefined && localOnly !== true) return undefined;
  return { nodeId: fromNode ?? '', channel: fromChannel ?? '', localOnly: localOnly ?? false };
}
