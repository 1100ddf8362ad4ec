import { packageVersion } from '../../config/package-version.js';
import { type CommandContext } from '../command-context.js';

/** Tells the versions of this program and of Node. */
export async function versionCommand({ output }: CommandContext): Promise<void> {
  const versions = { version: packageVersion(), nodeVersion: process.version };
  await output.result(versions, versions.version);
}
