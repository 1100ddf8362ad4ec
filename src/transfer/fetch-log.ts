/** Hears of each download, whoever asked for it. */
export interface FetchLog {
  /** A download begins. It hears of verified bytes, and exactly once how it ended. */
  begin(uri: string, sizeBytes: number): { add(bytes: number): void; end(state: 'done' | 'failed'): void };
}
