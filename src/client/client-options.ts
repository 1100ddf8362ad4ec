/** What `connect` may be told. What is left out comes from the environment. */
export interface ClientOptions {
  /** Host of the daemon; KACHERY_P2P_API_HOST, otherwise `localhost`. */
  readonly host?: string;
  /** Port of the daemon; KACHERY_P2P_API_PORT, otherwise 20421. */
  readonly port?: number;
  /** What to prove oneself with; otherwise the owner token, the client token in the storage directory or KACHERY_P2P_CLIENT_TOKEN. */
  readonly token?: string;
  /** Storage directory to work on without a daemon; KACHERY_P2P_OFFLINE_STORAGE_DIR. Null for online mode, whatever the environment says. */
  readonly offlineStorageDir?: string | null;
  /** Where this machine sees the daemon's storage directory; KACHERY_STORAGE_DIR, otherwise where the daemon says. Another node's is refused. */
  readonly storageDir?: string;
  /** Directory of the owner token; KACHERY_P2P_CONFIG_DIR, otherwise `~/.kachery-p2p`. */
  readonly configDir?: string;
  /** Directory for files of daemons whose storage directory is not visible here; otherwise `kachery-p2p` in KACHERY_TEMP_DIR, XDG_CACHE_HOME or `~/.cache`. */
  readonly cacheDir?: string;
  /** Variables to read instead of the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Gives up connecting. It does not end a client that has been made. */
  readonly signal?: AbortSignal;
}
