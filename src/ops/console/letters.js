import { formatCount } from './format.js';
import { create, fillRows, find, setText } from './page.js';

/** @import { Letter } from './service.js' */

/**
 * @typedef {{ what: 'retry' | 'drop', index: string, id: string }} Task what to do with one
 */

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * Shows the dead letters, and what may be done with them.
 * @param {{ total: number, letters: readonly Letter[], canAct: boolean, onTask: (task: Task) => void }} shown
 */
export function showLetters({ total, letters, canAct, onTask }) {
  setText(find('letters-note', HTMLParagraphElement), noteOf(total, letters, canAct));
  find('letters-table', HTMLTableElement).hidden = letters.length === 0;
  find('retry-all', HTMLButtonElement).hidden = letters.length === 0 || !canAct;
  fillRows(find('letters', HTMLTableSectionElement), letters, ({ index, id, type, reason, at }) => {
    /**
     * @param {string} text
     * @param {Task['what']} what
     * @param {string} known
     */
    const button = (text, what, known) => {
      const element = create('button', { type: 'button', textContent: text });
      element.setAttribute('aria-label', `${text} ${index} ${known}`);
      element.addEventListener('click', () => onTask({ what, index, id: known }));
      return element;
    };
    const tasks = id === null ? [] : [button('Retry', 'retry', id), button('Drop', 'drop', id)];
    return create(
      'tr',
      {},
      create(
        'th',
        { scope: 'row' },
        create('b', { textContent: index }),
        id === null ? '' : ' ',
        create('code', { textContent: id ?? '' }),
      ),
      create('td', {}, create('time', { dateTime: at, textContent: WHEN.format(new Date(at)) })),
      create(
        'td',
        {},
        create('b', { textContent: type }),
        create('span', { className: 'reason', textContent: reason }),
      ),
      create('td', { className: 'tasks' }, ...tasks),
    );
  });
}

/**
 * @param {number} total
 * @param {readonly Letter[]} letters
 * @param {boolean} canAct
 */
function noteOf(total, letters, canAct) {
  if (total === 0) return 'None: no document is refused, and each can be made.';
  const many = `${formatCount(total)} ${total === 1 ? 'document is' : 'documents are'} set aside: absent, or as they were before.`;
  const hidden = letters.some(({ id }) => id === null);
  return [
    many,
    ...(letters.length > 0 && letters.length < total ? [`The newest ${letters.length} are shown.`] : []),
    ...(hidden && canAct ? ['Unlock to see which, and to retry or drop one.'] : []),
    ...(hidden && !canAct ? ['Which: projector dead-letters list.'] : []),
  ].join(' ');
}
