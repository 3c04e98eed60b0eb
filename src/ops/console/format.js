/**
 * Figures as people read them, in the console and on a terminal alike.
 */

/**
 * `1,234`.
 * @param {number} count
 */
export function formatCount(count) {
  return count.toLocaleString('en');
}

/**
 * `512 B`, `3.2 MiB`.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/**
 * `12 ms`, `3.4 s`, `5 min 10 s`, `2 h 3 min`, `4 d 1 h`.
 * @param {number} seconds
 */
export function formatSeconds(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const [large, small, ratio, per] = unitsOf(seconds);
  const smallest = Math.floor(seconds / (per / ratio));
  return `${Math.floor(smallest / ratio)} ${large} ${smallest % ratio} ${small}`;
}

/**
 * @param {number} seconds
 * @returns {[string, string, number, number]}
 */
function unitsOf(seconds) {
  if (seconds < 3_600) return ['min', 's', 60, 60];
  if (seconds < 86_400) return ['h', 'min', 60, 3_600];
  return ['d', 'h', 24, 86_400];
}

/**
 * `0/s`, `0.4/s`, `1,234/s`; a dash where it is not known.
 * @param {number | null} perSecond
 */
export function formatRate(perSecond) {
  if (perSecond === null) return '–';
  return `${perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond))}/s`;
}
