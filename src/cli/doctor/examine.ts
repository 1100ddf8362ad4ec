import { type ClientSettings, resolveClientSettings } from '../../config/client-settings.js';
import { packageVersion } from '../../config/package-version.js';
import { type CommandContext } from '../command-context.js';
import { examineConfigDir } from './examine-config-dir.js';
import { examineDaemon } from './examine-daemon.js';
import { examineFreeSpace, examineStorageDir, freeSpaceOf } from './examine-storage-dir.js';
import { failed, type Finding, healthy, odd } from './finding.js';

const lowestNodeVersion = [20, 19] as const;

/** Checks everything that commands need, one finding after the other. Works whether a daemon runs or not. */
export async function* examine(context: CommandContext): AsyncGenerator<Finding, void, undefined> {
  yield healthy('program', `kachery-p2p ${packageVersion()}`);
  yield examineNodeVersion(process.versions.node);
  let settings: ClientSettings;
  try {
    settings = resolveClientSettings(context.environment);
  } catch (error) {
    yield failed('settings', error);
    return;
  }
  if (settings.offlineStorageDir === undefined) {
    yield healthy('mode', 'Online: commands work through a daemon.');
    yield* examineDaemon(settings, context);
    yield* examineConfigDir(settings.configDir);
  } else {
    yield healthy('mode', `Offline, since KACHERY_P2P_OFFLINE_STORAGE_DIR is set: commands work on ${settings.offlineStorageDir} without a daemon.`);
    yield await examineStorageDir(settings.offlineStorageDir, { mustBeWritable: true });
    yield* examineFreeSpace(await freeSpaceOf(settings.offlineStorageDir));
  }
}

function examineNodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [lowestMajor, lowestMinor] = lowestNodeVersion;
  if (major > lowestMajor || (major === lowestMajor && minor >= lowestMinor)) return healthy('node', `Node ${version}`);
  return odd('node', `Node ${version} is older than what kachery-p2p is tested with.`, `Install Node ${lowestNodeVersion.join('.')} or newer.`);
}
