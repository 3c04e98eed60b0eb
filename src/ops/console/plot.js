import { create } from './page.js';

/** @import { Series } from './rates.js' */

/**
 * @typedef {object} Line
 * @property {keyof Series['values']} key
 * @property {string} label
 *
 * @typedef {object} PlotOptions
 * @property {string} name what is plotted, for who does not see it
 * @property {Line[]} lines one or two
 * @property {(value: number) => string} format
 * @property {number} least the plot reaches so high at least, so that next to nothing does not look like much
 * @property {readonly number[]} steps by which its height grows, of which each tenfold (or for bytes, 1024-fold) comes next
 * @property {number} fold
 */

export const WINDOW_MS = 15 * 60_000;
const MINUTE_MS = 60_000;
/** Points further apart are not joined: nothing is known of the time between. */
const GAP_MS = 5_000;
const WIDTH = 900;
const HEIGHT = 150;
/** Kept free above and below, so that a line at the edge has its whole width. */
const EDGE = 2;

const SVG = 'http://www.w3.org/2000/svg';

/**
 * A plot of the last quarter of an hour, in a figure. The same is in words on the plot, and by the minute in a table.
 * @param {HTMLElement} figure
 * @param {PlotOptions} options
 */
export function createPlot(figure, { name, lines, format, least, steps, fold }) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  /** @param {string} kind */
  const path = (kind) => {
    const element = document.createElementNS(SVG, 'path');
    element.setAttribute('class', kind);
    svg.append(element);
    return element;
  };
  path('grid').setAttribute(
    'd',
    `M0 ${HEIGHT / 2}H${WIDTH}M${WIDTH / 3} 0V${HEIGHT}M${(WIDTH * 2) / 3} 0V${HEIGHT}`,
  );
  const area = path('area');
  const drawn = lines.map((_, position) => path(`line line-${position + 1}`));
  const cursor = path('cursor');

  const top = create('span', { className: 'top' });
  const middle = create('span', { className: 'middle' });
  const scale = create('div', { className: 'scale', ariaHidden: 'true' }, top, middle);
  const times = create(
    'p',
    { className: 'times', ariaHidden: 'true' },
    ...['15 min ago', '10 min', '5 min', 'now'].map((text) => create('span', { textContent: text })),
  );
  const readout = create('p', { className: 'legend', ariaHidden: 'true' });
  const body = create('tbody', {});
  const table = create(
    'table',
    {},
    create('caption', { className: 'unseen', textContent: `${name}, the most in each minute` }),
    create(
      'thead',
      {},
      create(
        'tr',
        {},
        ...['Minute', ...lines.map(({ label }) => label)].map((text) =>
          create('th', { scope: 'col', textContent: text }),
        ),
      ),
    ),
    body,
  );
  const details = create('details', {}, create('summary', { textContent: 'By the minute' }), table);
  figure.append(create('div', { className: 'plot' }, svg, scale), times, readout, details);

  /** @type {{ series: Series, max: number, pointed: number | null, minute: number }} */
  const state = { series: emptySeries(), max: least, pointed: null, minute: 0 };

  /** @param {number} time */
  const x = (time) => WIDTH * (1 - ((state.series.times.at(-1) ?? 0) - time) / WINDOW_MS);
  /** @param {number} value */
  const y = (value) => EDGE + (HEIGHT - 2 * EDGE) * (1 - value / state.max);

  /** @param {readonly (number | null)[]} values */
  const pathOf = (values) => {
    const parts = [];
    let joined = 0;
    for (const [position, value] of values.entries()) {
      const time = state.series.times[position] ?? 0;
      const sinceLast = time - (state.series.times[position - 1] ?? -Infinity);
      if (value === null || sinceLast > GAP_MS) joined = 0;
      if (value === null || x(time) < 0) continue;
      // A point by itself is a dot.
      parts.push(
        `${joined === 0 ? 'M' : 'L'}${x(time).toFixed(1)} ${y(value).toFixed(1)}${joined === 0 ? 'h0.1' : ''}`,
      );
      joined++;
    }
    return parts.join('');
  };

  const legend = () => {
    const { pointed, series } = state;
    const entries = lines.map(({ key, label }, position) => {
      const value = pointed === null ? null : (series.values[key][pointed] ?? null);
      const text = pointed === null ? label : `${label} ${value === null ? '–' : format(value)}`;
      return create('span', { className: `key line-${position + 1}`, textContent: text });
    });
    const at =
      pointed === null ? [] : [create('time', { textContent: clock(series.times[pointed] ?? 0, true) })];
    readout.replaceChildren(...entries, ...at);
    cursor.setAttribute(
      'd',
      pointed === null ? '' : `M${x(series.times[pointed] ?? 0).toFixed(1)} 0V${HEIGHT}`,
    );
  };

  const fillTable = () => {
    const minutes = minutesOf(state.series, lines);
    body.replaceChildren(
      ...minutes.map(({ minute, most }) =>
        create(
          'tr',
          {},
          create('th', { scope: 'row', textContent: clock(minute * MINUTE_MS, false) }),
          ...most.map((value) => create('td', { textContent: value === null ? '–' : format(value) })),
        ),
      ),
    );
  };
  details.addEventListener('toggle', () => details.open && fillTable());

  svg.addEventListener('pointermove', (event) => {
    const last = state.series.times.at(-1) ?? 0;
    const time = last - (1 - event.offsetX / svg.clientWidth) * WINDOW_MS;
    state.pointed = nearest(state.series.times, time);
    legend();
  });
  svg.addEventListener('pointerleave', () => {
    state.pointed = null;
    legend();
  });
  legend();

  return {
    /** @param {Series} series */
    show(series) {
      state.series = series;
      if (state.pointed !== null) state.pointed = Math.min(state.pointed, series.times.length - 1);
      const all = lines.map(({ key }) => series.values[key]);
      state.max = ceiling(
        Math.max(least, ...all.flatMap((values) => values.map((value) => value ?? 0))),
        steps,
        fold,
      );
      const paths = all.map(pathOf);
      for (const [position, d] of paths.entries()) drawn[position]?.setAttribute('d', d);
      area.setAttribute('d', areaOf(paths[0] ?? ''));
      top.textContent = format(state.max);
      middle.textContent = format(state.max / 2);
      svg.setAttribute('aria-label', `${name} in the last 15 minutes: ${describe(series)}`);
      const minute = Math.floor((series.times.at(-1) ?? 0) / MINUTE_MS);
      if (details.open && minute !== state.minute) fillTable();
      state.minute = minute;
      legend();
    },
  };

  /** @param {Series} series */
  function describe(series) {
    return lines
      .map(({ key, label }) => {
        const known = series.values[key].filter((value) => value !== null);
        const last = series.values[key].at(-1) ?? null;
        if (known.length === 0) return `${label} not known`;
        return `${label} ${last === null ? 'not known' : format(last)} now, at most ${format(Math.max(...known))}`;
      })
      .join('; ');
  }
}

/** @returns {Series} */
function emptySeries() {
  return { times: [], values: { lag: [], changes: [], documents: [], p50: [], p99: [], wal: [] } };
}

/**
 * What lies under a line, piece by piece.
 * @param {string} line
 */
function areaOf(line) {
  return line
    .split('M')
    .filter(Boolean)
    .map((piece) => {
      const from = piece.split(' ')[0] ?? '0';
      const to = /L([\d.]+) [\d.]+$/.exec(piece)?.[1];
      return to === undefined ? '' : `M${piece}L${to} ${HEIGHT}L${from} ${HEIGHT}Z`;
    })
    .join('');
}

/**
 * The next round height.
 * @param {number} value
 * @param {readonly number[]} steps
 * @param {number} fold
 */
export function ceiling(value, steps, fold) {
  for (let unit = 1; ; unit *= fold) {
    const step = steps.find((one) => one * unit >= value);
    if (step !== undefined) return step * unit;
  }
}

/**
 * The most of each line in each minute, the last minute first.
 * @param {Series} series
 * @param {readonly Line[]} lines
 */
function minutesOf(series, lines) {
  const positions = Map.groupBy(series.times.keys(), (position) =>
    Math.floor((series.times[position] ?? 0) / MINUTE_MS),
  );
  return [...positions].reverse().map(([minute, within]) => ({
    minute,
    most: lines.map(({ key }) => {
      const known = within
        .map((position) => series.values[key][position] ?? null)
        .filter((value) => value !== null);
      return known.length === 0 ? null : Math.max(...known);
    }),
  }));
}

/**
 * @param {readonly number[]} times in their order
 * @param {number} time
 */
function nearest(times, time) {
  if (times.length === 0) return null;
  const after = times.findIndex((one) => one >= time);
  if (after <= 0) return after === 0 ? 0 : times.length - 1;
  return time - (times[after - 1] ?? 0) < (times[after] ?? 0) - time ? after - 1 : after;
}

/**
 * @param {number} ms since 1970
 * @param {boolean} hasSeconds
 */
function clock(ms, hasSeconds) {
  return new Date(ms).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    ...(hasSeconds && { second: '2-digit' }),
    hourCycle: 'h23',
  });
}
