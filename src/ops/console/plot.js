import { create } from './page.js';
import { ceiling, HEIGHT, MINUTE_MS, minutesOf, nearest, shapeOf, WIDTH, within, xOf } from './shape.js';

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
 * @property {{ steps: readonly number[], fold: number }} scale how high it reaches
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * A plot of the last quarter of an hour, in a figure. The same is in words on the plot, and by the minute in a table.
 * @param {HTMLElement} figure
 * @param {PlotOptions} options
 */
export function createPlot(figure, options) {
  const { name, lines, format, least, scale } = options;
  const { svg, area, drawn, cursor } = createDrawing(lines.length);
  const top = create('span', { className: 'top' });
  const middle = create('span', { className: 'middle' });
  const heights = create('div', { className: 'scale', ariaHidden: 'true' }, top, middle);
  const ago = create('p', { className: 'times', ariaHidden: 'true' });
  const legend = create('p', { className: 'legend', ariaHidden: 'true' });
  const table = createTable(options);
  figure.append(create('div', { className: 'plot' }, svg, heights), ago, legend, table.element);

  /** @type {{ series: Series | null, windowMs: number, pointed: number | null }} */
  const state = { series: null, windowMs: 0, pointed: null };

  const showLegend = () => {
    const { pointed, series } = state;
    const time = pointed === null ? undefined : series?.times[pointed];
    legend.replaceChildren(
      ...lines.map(({ key, label }, position) => {
        const value = pointed === null ? null : (series?.values[key][pointed] ?? null);
        const text = time === undefined ? label : `${label} ${value === null ? '–' : format(value)}`;
        return create('span', { className: `key line-${position + 1}`, textContent: text });
      }),
      ...(time === undefined ? [] : [create('time', { textContent: clock(time, true) })]),
    );
    const x = time === undefined ? '' : xOf(series?.times ?? [], time, state.windowMs).toFixed(1);
    cursor.setAttribute('d', x === '' ? '' : `M${x} 0V${HEIGHT}`);
  };
  svg.addEventListener('pointermove', (event) => {
    state.pointed = nearest(state.series?.times ?? [], event.offsetX / svg.clientWidth, state.windowMs);
    showLegend();
  });
  svg.addEventListener('pointerleave', () => {
    state.pointed = null;
    showLegend();
  });
  showLegend();

  return {
    /**
     * @param {Series} all
     * @param {number} windowMs how long a time is to be seen; a whole number of minutes, three times
     */
    show(all, windowMs) {
      const series = within(all, windowMs);
      const { times, values } = series;
      if (windowMs !== state.windowMs) ago.replaceChildren(...agoOf(windowMs / MINUTE_MS));
      Object.assign(state, { series, windowMs });
      const highest = lines.flatMap(({ key }) => values[key].map((value) => value ?? 0));
      const max = ceiling(Math.max(least, ...highest), scale);
      for (const [position, { key }] of lines.entries()) {
        const shape = shapeOf(times, values[key], { max, windowMs });
        drawn[position]?.setAttribute('d', shape.line);
        if (position === 0) area.setAttribute('d', shape.area);
      }
      top.textContent = format(max);
      middle.textContent = format(max / 2);
      svg.setAttribute(
        'aria-label',
        `${name} in the last ${windowMs / MINUTE_MS} minutes: ${inWords(series, options)}`,
      );
      table.show(all);
      showLegend();
    },
  };
}

/** @param {number} lines how many */
function createDrawing(lines) {
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
  const third = WIDTH / 3;
  path('grid').setAttribute('d', `M0 ${HEIGHT / 2}H${WIDTH}M${third} 0V${HEIGHT}M${2 * third} 0V${HEIGHT}`);
  const area = path('area');
  const drawn = Array.from({ length: lines }, (_, position) => path(`line line-${position + 1}`));
  return { svg, area, drawn, cursor: path('cursor') };
}

/** @param {number} minutes */
function agoOf(minutes) {
  const texts = [`${minutes} min ago`, `${(minutes * 2) / 3} min`, `${minutes / 3} min`, 'now'];
  return texts.map((textContent) => create('span', { textContent }));
}

/**
 * The figures by the minute, made when somebody opens them, and anew with each minute.
 * @param {PlotOptions} options
 */
function createTable({ name, lines, format }) {
  /** @type {{ series: Series | null, minute: number }} */
  const state = { series: null, minute: 0 };
  const heads = ['Minute', ...lines.map(({ label }) => label)].map((textContent) =>
    create('th', { scope: 'col', textContent }),
  );
  const body = create('tbody', {});
  const caption = create('caption', { className: 'unseen', textContent: `${name}, the most in each minute` });
  const table = create('table', {}, caption, create('thead', {}, create('tr', {}, ...heads)), body);
  const element = create('details', {}, create('summary', { textContent: 'By the minute' }), table);
  const fill = () => {
    const minutes = state.series
      ? minutesOf(
          state.series,
          lines.map(({ key }) => key),
        )
      : [];
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
  element.addEventListener('toggle', () => element.open && fill());
  return {
    element,
    /** @param {Series} series */
    show(series) {
      const minute = Math.floor((series.times.at(-1) ?? 0) / MINUTE_MS);
      const isAnother = minute !== state.minute;
      Object.assign(state, { series, minute });
      if (element.open && isAnother) fill();
    },
  };
}

/**
 * @param {Series} series
 * @param {PlotOptions} options
 */
function inWords({ values }, { lines, format }) {
  return lines
    .map(({ key, label }) => {
      const known = values[key].filter((value) => value !== null);
      if (known.length === 0) return `${label} not known`;
      const last = values[key].at(-1) ?? null;
      return `${label} ${last === null ? 'not known' : format(last)} now, at most ${format(Math.max(...known))}`;
    })
    .join('; ');
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
