/** Our environment variables without the settings of a daemon that somebody uses on this machine. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KACHERY_')));
}
