/**
 * How bad a figure is, in the console and on a terminal alike.
 *
 * @typedef {'good' | 'warn' | 'bad' | 'idle'} Tone of *idle* nothing is known, or there is nothing to do
 */

/** Less than this until the slot is given up is a reason to act now, and to act today. */
const SECONDS_LEFT_BAD = 1_800;
const SECONDS_LEFT_WARN = 4 * 3_600;

/**
 * Of the seconds that it is behind.
 * @param {number | null} seconds
 * @returns {Tone}
 */
export function lagTone(seconds) {
  if (seconds === null) return 'idle';
  if (seconds >= 60) return 'bad';
  return seconds >= 10 ? 'warn' : 'good';
}

/**
 * Of the seconds until the slot is given up; null: that is not to be expected.
 * @param {number | null} seconds
 * @returns {Tone}
 */
export function secondsLeftTone(seconds) {
  if (seconds === null || seconds >= SECONDS_LEFT_WARN) return 'good';
  return seconds < SECONDS_LEFT_BAD ? 'bad' : 'warn';
}

/**
 * Of a slot's `wal_status`.
 * @param {string} walStatus
 * @returns {Tone}
 */
export function walStatusTone(walStatus) {
  return walStatus === 'reserved' || walStatus === 'extended' ? 'good' : 'bad';
}
