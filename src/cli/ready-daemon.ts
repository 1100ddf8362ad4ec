/** What `start-daemon` tells when the daemon is ready; with --json it is the line that is printed. */
export interface ReadyDaemon {
  readonly pid: number;
  /** `host:port` */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly nodeId: string;
  readonly storageDir: string;
  readonly configDir: string;
}
