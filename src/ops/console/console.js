import { describe, describeState } from './describe.js';
import { formatBytes, formatRate, formatSeconds } from './format.js';
import { showIndexes } from './indexes.js';
import { showLetters } from './letters.js';
import { create, fill, find, setText } from './page.js';
import { createPlot } from './plot.js';
import { createPast, ratesOf, seriesOf } from './rates.js';
import { letters as readLetters, recent, watch } from './service.js';
import { doTask, learnPermission, lockOrUnlock, pauseOrResume, permission, retry } from './tasks.js';

/**
 * The live console. It asks the service how it is, and shows it; what it is asked for in return needs the token.
 *
 * @import { ServiceStatus } from '../../service/status.ts'
 * @import { Letter, Link } from './service.js'
 */

/** How long statuses are kept to tell how fast it goes now. */
const HEARD_MS = 8_000;
/** After so long without a word, what the service has kept meanwhile is asked for. */
const SLEPT_MS = 3_000;

/**
 * @type {{ link: Link, status: ServiceStatus | null, heard: ServiceStatus[], letters: Letter[], lettersOf: string }}
 */
const state = { link: 'connecting', status: null, heard: [], letters: [], lettersOf: '' };
const past = createPast();

const decimal = { steps: [1, 2, 5], fold: 10 };
const inSeconds = {
  steps: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600],
  fold: 4,
};
const inBytes = { steps: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], fold: 1_024 };
const plots = [
  createPlot(find('plot-lag', HTMLElement), {
    name: 'How far it is behind',
    lines: [{ key: 'lag', label: 'behind' }],
    format: formatSeconds,
    least: 1,
    scale: inSeconds,
  }),
  createPlot(find('plot-throughput', HTMLElement), {
    name: 'Throughput',
    lines: [
      { key: 'documents', label: 'documents' },
      { key: 'changes', label: 'row changes' },
    ],
    format: formatRate,
    least: 10,
    scale: decimal,
  }),
  createPlot(find('plot-latency', HTMLElement), {
    name: 'Latency of a batch, from routing until durable',
    lines: [
      { key: 'p50', label: 'median' },
      { key: 'p99', label: '99 %' },
    ],
    format: formatSeconds,
    least: 0.1,
    scale: inSeconds,
  }),
  createPlot(find('plot-wal', HTMLElement), {
    name: 'WAL kept for the slot',
    lines: [{ key: 'wal', label: 'kept' }],
    format: formatBytes,
    least: 2 ** 24,
    scale: inBytes,
  }),
];

/** How long a time the plots show, in ms: as chosen. */
function windowMs() {
  return Number(new FormData(find('windows', HTMLFormElement)).get('window')) * 60_000;
}

/** Draws the plots where there is something new. */
function draw() {
  const series = seriesOf(past.all);
  for (const plot of plots) plot.show(series, windowMs());
}

async function learn() {
  past.learn(await recent().catch(() => []));
  draw();
}

find('windows', HTMLFormElement).addEventListener('change', draw);

/** @param {ServiceStatus} status */
function onStatus(status) {
  const atMs = Date.parse(status.at);
  const heardMs = Date.parse(state.status?.at ?? '') || 0;
  state.status = status;
  state.heard = [...state.heard.filter(({ at }) => atMs - Date.parse(at) < HEARD_MS), status];
  if (atMs - heardMs > SLEPT_MS) void learn();
  if (past.add(status)) draw();
  fill(describe(status, ratesOf(state.heard)));
  showState();
  showIndexes(status);
  showTasks();
  void refreshLetters();
}

/** @param {Link} link */
function onLink(link) {
  state.link = link;
  document.body.dataset['link'] = link;
  showState();
  if (link === 'live') void learnPermission().then(showTasks);
}

function showState() {
  const { link, status } = state;
  const { text, tone } = describeState(link, status);
  const line = find('state', HTMLParagraphElement);
  setText(line, text);
  line.dataset['tone'] = tone;
  document.title = `${tone === 'good' ? '●' : tone === 'bad' ? '■' : '▲'} ${text} · ${status?.name ?? 'Projector'}`;
  showTrouble(tone);
}

/** @param {string} tone */
function showTrouble(tone) {
  const { link, status } = state;
  const isLost = link === 'silent' || link === 'stopped';
  const trouble = find('trouble', HTMLElement);
  trouble.hidden = !isLost && (status === null || status.ready);
  trouble.dataset['tone'] = tone;
  if (trouble.hidden) return;
  const title = find('trouble-title', HTMLHeadingElement);
  const list = find('trouble-list', HTMLUListElement);
  const since = status ? new Date(status.at).toLocaleTimeString() : null;
  if (isLost) {
    setText(
      title,
      link === 'stopped' ? `Nothing answers at ${location.host}` : `${location.host} does not answer`,
    );
    const known = since === null ? '' : ` What is shown below was so at ${since}.`;
    const meaning =
      link === 'stopped'
        ? 'The process has ended, or is cut off from here. Searches find what was indexed last; once it runs again it goes on from its resume point.'
        : 'The process is there, but frozen, or busy beyond measure, or the way to it is.';
    list.dataset['shown'] = '';
    list.replaceChildren(create('li', { textContent: meaning + known }));
    return;
  }
  setText(title, 'Not ready');
  const reasons = status?.reasons ?? [];
  const key = reasons.map(({ reason }) => reason).join();
  if (list.dataset['shown'] !== key) list.replaceChildren(...reasons.map(({ reason }) => reasonItem(reason)));
  list.dataset['shown'] = key;
  for (const [position, { detail }] of reasons.entries()) {
    const text = list.children[position]?.lastElementChild;
    if (text) setText(text, detail);
  }
}

/** @param {string} reason */
function reasonItem(reason) {
  const link = create('a', { href: `#means-${reason}`, textContent: reason });
  link.addEventListener('click', () => (find('meanings', HTMLDetailsElement).open = true));
  return create('li', {}, link, ' ', create('span', {}));
}

/** Shows what may be done, and the dead letters. */
function showTasks() {
  const { status } = state;
  const { canAct, token } = permission;
  find('read-only', HTMLParagraphElement).hidden = canAct;
  const unlock = find('unlock', HTMLButtonElement);
  unlock.hidden = !canAct;
  setText(unlock, token === null ? 'Unlock' : 'Lock');
  const pause = find('pause', HTMLButtonElement);
  pause.hidden = !canAct || status === null;
  setText(pause, status?.pausedSince ? 'Resume' : 'Pause');
  const total = totalLetters();
  showLetters({ total, letters: state.letters, canAct, onTask: (task) => void after(doTask(task)) });
}

function totalLetters() {
  return Object.values(state.status?.deadLetters ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Reads the dead letters where there may be others than those that are shown, or more may be shown of them. */
async function refreshLetters() {
  const { deadLetters, refused } = state.status ?? {};
  const key = JSON.stringify([deadLetters, refused, permission.token !== null]);
  if (key === state.lettersOf) return;
  state.lettersOf = key;
  try {
    state.letters = totalLetters() === 0 ? [] : await readLetters(permission.token);
  } catch {
    // Elasticsearch is away, which is said elsewhere: again with the next status.
    state.lettersOf = '';
  }
  showTasks();
}

/** @param {Promise<void>} done */
async function after(done) {
  await done;
  state.lettersOf = '';
  showTasks();
}

find('unlock', HTMLButtonElement).addEventListener('click', () => void after(lockOrUnlock()));
find('pause', HTMLButtonElement).addEventListener(
  'click',
  () => void after(pauseOrResume(Boolean(state.status?.pausedSince))),
);
find('retry-all', HTMLButtonElement).addEventListener('click', () => void after(retry({})));

watch({ onStatus, onLink });
