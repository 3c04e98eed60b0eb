/** @import { ServiceStatus } from '../../service/status.ts' */
/** @import { PastStatus } from '../../service/recent.ts' */

/** @typedef {'connecting' | 'live' | 'silent' | 'stopped'} Link whether the service answers, and how it does not */

const POLL_MS = 400;
/** Heard of last so long ago, it is silent. */
const SILENT_MS = 1_000;
const LOOK_MS = 100;
/** A request that is not answered is given up, and another made. */
const ANSWER_MS = 5_000;

/**
 * Asks for the status again and again while the page is seen, and tells when nothing is heard any more.
 * @param {{ onStatus: (status: ServiceStatus) => void, onLink: (link: Link) => void }} told
 */
export function watch({ onStatus, onLink }) {
  /** @type {{ link: Link, heardMs: number }} */
  const state = { link: 'connecting', heardMs: performance.now() };
  /** @param {Link} link */
  const become = (link) => {
    if (state.link === link) return;
    state.link = link;
    onLink(link);
  };
  const poll = async () => {
    for (;;) {
      await untilSeen();
      try {
        const status = /** @type {ServiceStatus} */ (await get('/status'));
        state.heardMs = performance.now();
        become('live');
        onStatus(status);
      } catch (error) {
        // Refused, or cut off while it answered: nothing runs there. Not answered in time: something does, and is stuck.
        become(error instanceof Error && error.name === 'TimeoutError' ? 'silent' : 'stopped');
      }
      await delay(POLL_MS);
    }
  };
  // A page that is not seen asks for nothing.
  document.addEventListener('visibilitychange', () => (state.heardMs = performance.now()));
  setInterval(() => {
    const isHeard = document.hidden || performance.now() - state.heardMs <= SILENT_MS;
    if (!isHeard && state.link !== 'stopped') become('silent');
  }, LOOK_MS);
  void poll();
}

/** @returns {Promise<PastStatus[]>} the status of the last minutes */
export async function recent() {
  return /** @type {PastStatus[]} */ (await get('/status/recent'));
}

/**
 * @typedef {{ index: string, id: string | null, type: string, reason: string, at: string }} Letter
 */

/**
 * @param {string | null} token
 * @returns {Promise<Letter[]>} the newest dead letters
 */
export async function letters(token) {
  const answer = /** @type {{ letters: Letter[] }} */ (await get('/dead-letters', token));
  return answer.letters;
}

/**
 * @param {string | null} token
 * @returns {Promise<'read-only' | 'locked' | 'open'>}
 */
export async function access(token) {
  const answer = /** @type {{ access: 'read-only' | 'locked' | 'open' }} */ (
    await get('/console/access', token)
  );
  return answer.access;
}

/**
 * Has the service do something.
 * @param {string} path
 * @param {object} asked
 * @param {string} token
 */
export function act(path, asked, token) {
  return answerOf(
    fetch(addressOf(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(asked),
    }),
  );
}

/**
 * Beside the page, which a proxy may have under another path.
 * @param {string} path
 */
function addressOf(path) {
  return `.${path}`;
}

/** What the service says instead of doing what was asked for. */
export class Refusal extends Error {
  /**
   * @param {string} message
   * @param {string} code
   */
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {string} path
 * @param {string | null} token
 */
function get(path, token = null) {
  return answerOf(
    fetch(addressOf(path), {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    }),
  );
}

/**
 * @param {Promise<Response>} asked
 * @returns {Promise<unknown>}
 */
async function answerOf(asked) {
  const response = await asked;
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('application/json'))
    throw new Refusal(`${response.status}: ${text.trim()}`, '');
  /** @type {unknown} */
  const answer = JSON.parse(text);
  if (response.ok) return answer;
  const { error } = /** @type {{ error: { code: string, message: string, fix: string } }} */ (answer);
  throw new Refusal(`${error.code}: ${error.message}. ${error.fix}`, error.code);
}

/** @param {number} ms */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function untilSeen() {
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
  }
}
