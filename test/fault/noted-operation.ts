/** An operation of a daemon on its storage directory, as kill-at-operation.ts notes it, twice: when it begins and, if it succeeds, when it is done. */
export interface NotedOperation {
  readonly phase: 'begun' | 'done';
  readonly operation: 'open' | 'write' | 'fsync' | 'rename' | 'link' | 'unlink' | 'mkdir' | 'chmod' | 'copyFile';
  /** Thread, operation and place, without names that vary: equal for what a store of the same kind does another time. */
  readonly name: string;
  readonly path: string;
  /** The second path of a `rename`, `link` or `copyFile`. */
  readonly to?: string;
}
