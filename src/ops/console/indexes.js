import { formatCount, formatRate, formatSeconds } from './format.js';
import { create, fillRows, find } from './page.js';
import { createFillings } from './rates.js';

/** @import { ServiceStatus } from '../../service/status.ts' */

const fillings = createFillings();

/**
 * Shows the indexes, and how long those that are being filled still take.
 * @param {ServiceStatus} status
 */
export function showIndexes(status) {
  const rows = Object.entries(status.indexes).map(([name, index]) => {
    const { physical, replaces, isComplete, snapshot } = index;
    const isFilling = snapshot?.state === 'running';
    const rate = isFilling ? fillings.rate(physical, snapshot.done, Date.parse(status.at)) : null;
    return {
      name,
      finds: isComplete ? (replaces ?? physical) : null,
      beside: replaces === null ? null : physical,
      filling: isFilling ? { ...snapshot, rate } : null,
      otherwise:
        isComplete && replaces === null
          ? '–'
          : snapshot
            ? 'being compared with the rows'
            : 'nothing of it is done yet',
      refused: status.deadLetters[name] ?? 0,
    };
  });
  fillRows(
    find('indexes', HTMLTableSectionElement),
    rows,
    ({ name, finds, beside, filling, otherwise, refused }) =>
      create(
        'tr',
        {},
        create('th', { scope: 'row', textContent: name }),
        create('td', {}, finds === null ? 'not all of it yet' : create('code', { textContent: finds })),
        create(
          'td',
          {},
          ...(beside === null ? [] : [create('code', { textContent: beside }), ' ']),
          ...(filling ? describeFilling(name, filling) : [otherwise]),
        ),
        create('td', { className: refused > 0 ? 'number bad' : 'number', textContent: formatCount(refused) }),
      ),
  );
}

/**
 * @param {string} name
 * @param {{ done: number, total: number, rate: number | null }} filling
 */
function describeFilling(name, { done, total, rate }) {
  const bar = create('progress', { max: Math.max(total, 1), value: Math.min(done, total) });
  bar.setAttribute('aria-label', `Documents of ${name} that are filled`);
  const left = rate
    ? `${formatRate(rate)}, ${formatSeconds(Math.max(0, total - done) / rate)} left`
    : 'how long is not known yet';
  return [
    bar,
    create('span', {
      className: 'detail',
      textContent: `${formatCount(done)} of ${formatCount(total)}; ${left}`,
    }),
  ];
}
