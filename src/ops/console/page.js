/** @import { Described } from './describe.js' */

/**
 * The element with this id, which the page has.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function find(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`The page has no ${type.name} #${id}.`);
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function create(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Sets a text where it is another, so that what somebody has marked stays marked and nothing is read out twice.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Puts what is described where `data-text`, `data-meter` and `data-tone-of` name it.
 * @param {Described} described
 */
export function fill({ texts, meters, tones }) {
  for (const element of each('[data-text]')) setText(element, texts[element.dataset['text'] ?? ''] ?? '');
  for (const element of each('[data-tone-of]'))
    element.dataset['tone'] = tones[element.dataset['toneOf'] ?? ''] ?? 'idle';
  for (const element of each('[data-meter]')) {
    if (!(element instanceof HTMLMeterElement)) continue;
    const { value, max, high = max } = meters[element.dataset['meter'] ?? ''] ?? { value: 0, max: 0 };
    element.hidden = max === 0;
    Object.assign(element, { max, high, value });
  }
}

/**
 * @param {string} selector
 * @returns {NodeListOf<HTMLElement>}
 */
function each(selector) {
  return document.querySelectorAll(selector);
}

/**
 * Makes the rows of a table's body anew where what they show has changed.
 * @template T
 * @param {HTMLTableSectionElement} body
 * @param {readonly T[]} items
 * @param {(item: T) => HTMLTableRowElement} rowOf
 */
export function fillRows(body, items, rowOf) {
  const key = JSON.stringify(items);
  if (body.dataset['shown'] === key) return;
  body.dataset['shown'] = key;
  const hadFocus = body.contains(document.activeElement);
  body.replaceChildren(...items.map(rowOf));
  if (hadFocus) body.closest('section')?.querySelector('h2')?.focus();
}

/**
 * Asks in a dialog; gives whether the answer is yes.
 * @param {{ title: string, text: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, yes }) {
  const dialog = find('confirm-dialog', HTMLDialogElement);
  find('confirm-title', HTMLHeadingElement).textContent = title;
  find('confirm-text', HTMLParagraphElement).textContent = text;
  find('confirm-yes', HTMLButtonElement).textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  const { promise, resolve } = Promise.withResolvers();
  dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  return promise;
}
