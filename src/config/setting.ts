/** Who reads a setting. */
export type SettingReader = 'daemon' | 'command line' | 'TypeScript client' | 'Python client';

/** One thing that users can set, in the environment or with a flag. */
export interface Setting {
  /** Names of the environment variable; the first that is set and not empty counts. None if only the flag exists. */
  readonly variables: readonly string[];
  /** Flag of `kachery-p2p start-daemon` in commander's notation; it goes before the environment. */
  readonly flag?: string;
  /** What holds if nothing is set, for people. */
  readonly defaultText: string;
  readonly readers: readonly SettingReader[];
  /** What it does, for people. */
  readonly description: string;
}
