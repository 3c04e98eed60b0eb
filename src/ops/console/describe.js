import { formatBytes, formatCount, formatRate, formatSeconds } from './format.js';
import { lagTone, secondsLeftTone, walStatusTone } from './tones.js';

/**
 * @import { ServiceStatus } from '../../service/status.ts'
 * @import { Rates } from './rates.js'
 * @import { Tone } from './tones.js'
 */

/**
 * @typedef {{ value: number, max: number, high?: number }} Level how full something is, of `max` (0: it has no limit), and
 *   from where on that is too full
 * @typedef {object} Described what the page says of a status, by the names in its `data-text`, `data-meter` and `data-tone-of`
 * @property {Record<string, string>} texts
 * @property {Record<string, Level>} meters
 * @property {Record<string, Tone>} tones
 */

/** So full, a queue holds up what is before it, or soon will. */
const FULL = 0.8;

/**
 * @param {ServiceStatus} status
 * @param {Rates} rates
 * @returns {Described}
 */
export function describe(status, rates) {
  const { lag, latency, limits, servers, slot, stages, waits } = status;
  const isBusy = status.batchesInFlight + status.pendingIds + status.fanOuts + status.queuedBytes > 0;

  /** @type {Record<string, Level>} */
  const meters = {
    wal: atMost(slot?.retainedBytes ?? 0, walLimit(slot) ?? 0),
    replication: atMost(status.queuedBytes, limits.queuedBytes),
    debouncer: atMost(status.pendingIds, limits.pendingIds),
    resolver: { value: status.batchesInFlight, max: limits.batchesInFlight },
  };

  /** @param {'gate' | 'lookup' | 'read' | 'write' | 'store'} stage */
  const took = (stage) => {
    const seconds = rates.secondsEach[stage];
    if (seconds !== null) return `${stage} ${formatSeconds(seconds)}`;
    return stages[stage].times === 0 ? `no ${stage} yet` : `no ${stage} just now`;
  };
  /** @param {string} server */
  const upOrAway = (server) => {
    if (servers[server]?.error !== null) return 'away';
    return server in waits ? 'waited for' : 'up';
  };
  /** @param {string} server */
  const serverDetail = (server) => {
    const { error = null, retries = 0 } = servers[server] ?? {};
    return error ?? waits[server] ?? (retries > 0 ? `${formatCount(retries)} retries so far` : '');
  };
  /** @param {string} server @returns {Tone} */
  const serverTone = (server) => {
    if (servers[server]?.error !== null) return 'bad';
    return server in waits ? 'warn' : 'good';
  };
  /** @param {string} queue @returns {Tone} */
  const queueTone = (queue) => {
    const { value = 0, high = Infinity } = meters[queue] ?? {};
    if (value >= high) return 'warn';
    return value > 0 ? 'good' : 'idle';
  };

  return {
    texts: {
      name: status.name,
      facts: [
        `up ${formatSeconds((Date.parse(status.at) - Date.parse(status.startedAt)) / 1_000)}`,
        `pid ${status.pid}`,
        formatBytes(status.residentBytes),
      ].join(' · '),
      lag: lag.seconds === null ? 'not known' : formatSeconds(lag.seconds),
      lagDetail: lag.bytes === null ? '' : `${formatBytes(lag.bytes)} of WAL to go`,
      throughput: formatRate(rates.documents),
      throughputDetail: `documents; ${formatRate(rates.changes)} row changes`,
      latency: latency ? formatSeconds(latency.p50) : '–',
      latencyDetail: latency
        ? `median; 99 % within ${formatSeconds(latency.p99)}`
        : 'no batch in the last 10 s',
      wal: slot ? `${formatBytes(slot.retainedBytes)} kept` : 'not known',
      walDetail: describeWal(slot),
      postgres: upOrAway('postgres'),
      postgresDetail:
        serverDetail('postgres') ||
        (slot ? `${slot.walStatus}, keeps ${formatBytes(slot.retainedBytes)}` : ''),
      replication: formatRate(rates.changes),
      replicationDetail:
        waits['gate'] ?? waits['barrier'] ?? `${formatBytes(status.queuedBytes)} queued · ${took('gate')}`,
      router: status.fanOuts === 0 ? 'no fan-outs' : `${formatCount(status.fanOuts)} fan-outs`,
      routerDetail: took('lookup'),
      debouncer: `${formatCount(status.pendingIds)} waiting`,
      debouncerDetail:
        status.oldestPendingSeconds > 0
          ? `the oldest for ${formatSeconds(status.oldestPendingSeconds)}`
          : `of ${formatCount(limits.pendingIds)}`,
      resolver: `${status.batchesInFlight} of ${limits.batchesInFlight} batches`,
      resolverDetail: took('read'),
      loader: formatRate(rates.documents),
      loaderDetail: waits['elasticsearch'] === undefined ? took('write') : 'waits for Elasticsearch',
      elasticsearch: upOrAway('elasticsearch'),
      elasticsearchDetail:
        serverDetail('elasticsearch') ||
        `${formatCount(status.written)} written, ${formatCount(status.refused)} refused`,
      redis: status.resumePoint ?? 'nowhere yet',
      redisDetail: serverDetail('redis') || `in Redis · ${took('store')}`,
    },
    meters,
    tones: {
      lag: lagTone(lag.seconds),
      wal: walTone(slot),
      postgres: serverTone('postgres'),
      replication:
        'gate' in waits || 'barrier' in waits ? 'warn' : rates.changes ? 'good' : queueTone('replication'),
      router: status.fanOuts > 0 ? 'good' : 'idle',
      debouncer: queueTone('debouncer'),
      resolver: status.batchesInFlight > 0 ? 'good' : 'idle',
      loader: 'elasticsearch' in waits ? 'warn' : rates.documents || isBusy ? 'good' : 'idle',
      elasticsearch: serverTone('elasticsearch'),
      redis: serverTone('redis'),
    },
  };
}

/**
 * @param {number} value
 * @param {number} max
 * @returns {Level}
 */
function atMost(value, max) {
  return { value, max, high: max * FULL };
}

/** @param {ServiceStatus['slot']} slot */
function describeWal(slot) {
  if (!slot) return '';
  const { walStatus, bytesLeft, secondsLeft } = slot;
  if (bytesLeft === null) return `${walStatus}; no limit is set`;
  const left = `${walStatus}; ${formatBytes(Math.max(0, bytesLeft))} left`;
  return secondsLeft === null ? left : `${left}, full in ${formatSeconds(secondsLeft)}`;
}

/** @param {ServiceStatus['slot']} slot */
function walLimit(slot) {
  return slot && slot.bytesLeft !== null ? slot.retainedBytes + Math.max(0, slot.bytesLeft) : null;
}

/** @param {ServiceStatus['slot']} slot @returns {Tone} */
function walTone(slot) {
  if (!slot) return 'idle';
  const tone = walStatusTone(slot.walStatus);
  return tone === 'bad' ? tone : secondsLeftTone(slot.secondsLeft);
}

/**
 * What the page says of itself above all: a line, and how bad it is.
 * @param {'connecting' | 'live' | 'silent' | 'stopped'} link
 * @param {ServiceStatus | null} status
 * @returns {{ text: string, tone: Tone }}
 */
export function describeState(link, status) {
  if (link === 'stopped') return { text: 'The service has stopped', tone: 'bad' };
  if (link === 'silent') return { text: 'The service does not answer', tone: 'bad' };
  if (!status) return { text: 'Connecting …', tone: 'idle' };
  const state = `${status.state.slice(0, 1).toUpperCase()}${status.state.slice(1)}`;
  if (status.ready) return { text: `${state}, ready`, tone: 'good' };
  const reasons = status.reasons.map(({ reason }) => reason);
  const isCalm = reasons.every((reason) => CALM.includes(reason));
  return { text: `Not ready: ${reasons.join(', ')}`, tone: isCalm ? 'warn' : 'bad' };
}

/** Reasons that somebody has wanted, or that pass by themselves. */
const CALM = ['starting', 'standby', 'stopping', 'snapshotting', 'paused'];
