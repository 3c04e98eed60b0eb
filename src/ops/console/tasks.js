import { confirm, find, setText } from './page.js';
import { access, act, Refusal } from './service.js';

/**
 * What may be done from the console, and the token that it takes.
 *
 * @import { Task } from './letters.js'
 */

/** @type {{ access: 'read-only' | 'locked' | 'open', token: string | null }} */
const state = { access: 'read-only', token: null };

export const permission = {
  /** Whether anything may be done with the token. */
  get canAct() {
    return state.access !== 'read-only';
  },
  /** The token that was given; null where none was. */
  get token() {
    return state.token;
  },
};

/** Learns what a service that has just been heard of lets do. */
export async function learnPermission() {
  try {
    state.access = await access(state.token);
  } catch (error) {
    // It has another token than before.
    if (isTokenRefused(error)) Object.assign(state, { token: null, access: 'locked' });
  }
}

/** Asks for the token where it is not known. Gives it, or null where nobody does. */
async function unlocked() {
  if (state.token !== null) return state.token;
  const dialog = find('token-dialog', HTMLDialogElement);
  setText(find('token-error', HTMLParagraphElement), '');
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  return state.token;
}

/** Forgets the token, or asks for it. */
export async function lockOrUnlock() {
  if (state.token === null) await unlocked();
  else state.token = null;
}

/**
 * Does it with the token, and says what has become of it.
 * @template T
 * @param {string} path
 * @param {object} asked
 * @param {(answer: T) => string} describeDone
 */
async function perform(path, asked, describeDone) {
  const token = await unlocked();
  if (token === null) return;
  say('Under way …', 'idle');
  try {
    const answer = /** @type {T & { isDone: boolean }} */ (await act(path, asked, token));
    say(answer.isDone ? describeDone(answer) : 'It takes longer, and goes on.', 'good');
  } catch (error) {
    say(
      error instanceof Refusal ? error.message : 'Nothing answers; whether it was done is not known.',
      'bad',
    );
    if (isTokenRefused(error)) state.token = null;
  }
}

/**
 * @param {string} text
 * @param {string} tone
 */
function say(text, tone) {
  const outcome = find('outcome', HTMLParagraphElement);
  outcome.hidden = false;
  outcome.dataset['tone'] = tone;
  setText(outcome, text);
}

/** @param {unknown} error */
function isTokenRefused(error) {
  return error instanceof Refusal && error.code === 'PROJ_CONSOLE_TOKEN';
}

/**
 * Has dead letters read again: some, or all.
 * @param {{ index?: string, ids?: string[] }} some
 */
export function retry(some) {
  return perform(
    '/dead-letters/retry',
    some,
    /** @param {{ retried: number, settled: number, refused: number }} answer */
    ({ retried, settled, refused }) =>
      `Read again: ${retried}. Accepted or gone: ${settled}. Refused again: ${refused}.`,
  );
}

/** @param {Task} task */
export async function doTask({ what, index, id }) {
  const some = { index, ids: [id] };
  if (what === 'retry') {
    await retry(some);
    return;
  }
  const isSure = await confirm({
    title: 'Forget this dead letter?',
    text: `The document ${id} of ${index} stays absent or old until its rows change.`,
    yes: 'Drop',
  });
  /** @param {{ dropped: number }} answer */
  const describeDone = ({ dropped }) => `Forgotten: ${dropped}.`;
  if (isSure) await perform('/dead-letters/drop', some, describeDone);
}

/** @param {boolean} isPaused */
export async function pauseOrResume(isPaused) {
  if (isPaused) {
    await perform('/resume', {}, () => 'It goes on.');
    return;
  }
  const isSure = await confirm({
    title: 'Pause?',
    text: 'It finishes what is under way, holds the slot, and does nothing until it is resumed, through restarts too. The slot’s WAL grows meanwhile.',
    yes: 'Pause',
  });
  if (isSure) await perform('/pause', {}, () => 'It pauses once what is under way is finished.');
}

/** Takes the token that was given, where it is the right one. */
async function takeToken() {
  const input = find('token', HTMLInputElement);
  const token = input.value;
  input.value = '';
  try {
    state.access = await access(token);
    state.token = token;
    find('token-dialog', HTMLDialogElement).close();
  } catch (error) {
    setText(
      find('token-error', HTMLParagraphElement),
      isTokenRefused(error) ? 'This is not the token.' : String(error),
    );
  }
}

find('token-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  void takeToken();
});

find('token-cancel', HTMLButtonElement).addEventListener('click', () =>
  find('token-dialog', HTMLDialogElement).close(),
);
