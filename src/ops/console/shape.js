/** @import { Series } from './rates.js' */

/** How large a plot is, in units of its own; time goes from left to right. */
export const WIDTH = 900;
export const HEIGHT = 150;
/** Kept free above and below, so that a line at the edge has its whole width. */
const EDGE = 2;
/** Points further apart are not joined: nothing is known of the time between. */
const GAP_MS = 5_000;
export const MINUTE_MS = 60_000;

/**
 * The next round height of a plot.
 * @param {number} value
 * @param {{ steps: readonly number[], fold: number }} scale after the last step come the same ones, `fold` times as high
 */
export function ceiling(value, { steps, fold }) {
  for (let unit = 1; ; unit *= fold) {
    const step = steps.find((one) => one * unit >= value);
    if (step !== undefined) return step * unit;
  }
}

/**
 * What of a series is in the window that ends with its last moment.
 * @param {Series} series
 * @param {number} windowMs
 * @returns {Series}
 */
export function within({ times, values }, windowMs) {
  const since = (times.at(-1) ?? 0) - windowMs;
  const first = times.findIndex((time) => time >= since);
  const cut = Object.entries(values).map(([key, all]) => [key, first < 0 ? [] : all.slice(first)]);
  /** @type {unknown} */
  const kept = Object.fromEntries(cut);
  return {
    times: first < 0 ? [] : times.slice(first),
    values: /** @type {Series['values']} */ (kept),
  };
}

/**
 * Where a moment stands in the window that ends with the last one.
 * @param {readonly number[]} times
 * @param {number} time
 * @param {number} windowMs
 */
export function xOf(times, time, windowMs) {
  return WIDTH * (1 - ((times.at(-1) ?? 0) - time) / windowMs);
}

/**
 * The moment that is nearest to a place between 0 (the left of the window) and 1; null where there is none.
 * @param {readonly number[]} times in their order
 * @param {number} place
 * @param {number} windowMs
 */
export function nearest(times, place, windowMs) {
  const last = times.at(-1);
  if (last === undefined) return null;
  const time = last - (1 - place) * windowMs;
  const after = times.findIndex((one) => one >= time);
  if (after <= 0) return after === 0 ? 0 : times.length - 1;
  return time - (times[after - 1] ?? 0) < (times[after] ?? 0) - time ? after - 1 : after;
}

/**
 * The paths of a line and of what lies under it. A point by itself is a dot.
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} values
 * @param {{ max: number, windowMs: number }} frame what is at the top, and how long it is
 */
export function shapeOf(times, values, frame) {
  const pieces = piecesOf(times, values, frame);
  return {
    line: pieces.map((piece) => `M${piece.join('L')}${piece.length === 1 ? 'h0.1' : ''}`).join(''),
    area: pieces
      .filter((piece) => piece.length > 1)
      .map((piece) => {
        const [from, to] = [piece[0], piece.at(-1)].map((point) => point?.split(' ')[0]);
        return `M${from} ${HEIGHT}L${piece.join('L')}L${to} ${HEIGHT}Z`;
      })
      .join(''),
  };
}

/**
 * The points as `x y`, in pieces that are joined.
 * @param {readonly number[]} times
 * @param {readonly (number | null)[]} values
 * @param {{ max: number, windowMs: number }} frame
 */
function piecesOf(times, values, { max, windowMs }) {
  /** @type {string[][]} */
  const pieces = [];
  let isOpen = false;
  for (const [position, time] of times.entries()) {
    const value = values[position] ?? null;
    if (time - (times[position - 1] ?? -Infinity) > GAP_MS) isOpen = false;
    if (value !== null) {
      if (!isOpen) pieces.push([]);
      const y = EDGE + (HEIGHT - 2 * EDGE) * (1 - value / max);
      pieces.at(-1)?.push(`${xOf(times, time, windowMs).toFixed(1)} ${y.toFixed(1)}`);
    }
    isOpen = value !== null;
  }
  return pieces;
}

/**
 * The most of each line in each minute, the last minute first.
 * @param {Series} series
 * @param {readonly (keyof Series['values'])[]} keys
 */
export function minutesOf({ times, values }, keys) {
  const positions = Map.groupBy(times.keys(), (position) => Math.floor((times[position] ?? 0) / MINUTE_MS));
  return [...positions].reverse().map(([minute, within]) => ({
    minute,
    most: keys.map((key) => {
      const known = within.map((position) => values[key][position] ?? null).filter((value) => value !== null);
      return known.length === 0 ? null : Math.max(...known);
    }),
  }));
}
