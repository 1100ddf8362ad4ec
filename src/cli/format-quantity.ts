const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A number of bytes for people, such as `1.4 GiB`. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A length of time for people, such as `2 min 05 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const twoDigits = (value: number): string => String(value).padStart(2, '0');
  if (hours > 0) return `${String(hours)} h ${twoDigits(minutes % 60)} min`;
  return minutes > 0 ? `${String(minutes)} min ${twoDigits(seconds % 60)} s` : `${String(seconds)} s`;
}
