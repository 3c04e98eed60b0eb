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
  const rows = Object.entries(status.indexes).map(([name, { physical, replaces, isComplete, snapshot }]) => {
    const isFilling = snapshot?.state === 'running';
    const rate = isFilling ? fillings.rate(physical, snapshot.done, Date.parse(status.at)) : null;
    return {
      name,
      finds: isComplete ? (replaces ?? physical) : 'not all of it yet',
      filling: isFilling ? { ...snapshot, rate, physical, isBeside: replaces !== null } : null,
      waits: replaces !== null && !isFilling ? physical : null,
      refused: status.deadLetters[name] ?? 0,
    };
  });
  fillRows(find('indexes', HTMLTableSectionElement), rows, ({ name, finds, filling, waits, refused }) =>
    create(
      'tr',
      {},
      create('th', { scope: 'row', textContent: name }),
      create('td', {}, create('code', { textContent: finds })),
      create(
        'td',
        {},
        ...(filling ? describeFilling(name, filling) : [waits === null ? '–' : `${waits}, being compared`]),
      ),
      create('td', { className: refused > 0 ? 'number bad' : 'number', textContent: formatCount(refused) }),
    ),
  );
}

/**
 * @param {string} name
 * @param {{ done: number, total: number, rate: number | null, physical: string, isBeside: boolean }} filling
 */
function describeFilling(name, { done, total, rate, physical, isBeside }) {
  const bar = create('progress', { max: Math.max(total, 1), value: Math.min(done, total) });
  bar.setAttribute('aria-label', `Documents of ${name} that are filled`);
  const left = rate
    ? `${formatRate(rate)}, ${formatSeconds(Math.max(0, total - done) / rate)} left`
    : 'how long is not known yet';
  return [
    ...(isBeside ? [create('code', { textContent: physical })] : []),
    bar,
    create('span', {
      className: 'detail',
      textContent: `${formatCount(done)} of ${formatCount(total)}; ${left}`,
    }),
  ];
}
