import { styleText } from 'node:util';
import { formatBytes, formatCount, formatSeconds } from '../ops/console/format.js';
import { lagTone, secondsLeftTone, walStatusTone, type Tone } from '../ops/console/tones.js';
import type { ServiceStatus } from '../service/status.ts';
import type { IndexReport, StatusReport } from './status-report.ts';

export interface ScreenOptions {
  /** Whether it goes to a terminal that shows colours. */
  readonly hasColours: boolean;
  readonly nowMs: number;
}

type Paint = (tone: Tone, text: string) => string;

const COLOURS = { good: 'green', warn: 'yellow', bad: 'red', idle: 'dim' } as const;
const LABEL_WIDTH = 11;
/** Of what a server that does not answer would tell. */
const NOT_KNOWN = 'not known';
const BAR_WIDTH = 20;

/** The report for people, on one screen: a label and what there is to say of it, a line each. */
export function renderStatus(report: StatusReport, { hasColours, nowMs }: ScreenOptions): string {
  const paint: Paint = (tone, text) =>
    hasColours ? styleText(COLOURS[tone], text, { validateStream: false }) : text;
  const line = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)}${text}`;
  const { name, service, pausedSince, checkpoint, indexes, unreachable } = report;
  return [
    line('service', describeService(report, nowMs, paint)),
    ...(pausedSince === null
      ? []
      : [line('paused', paint('warn', `since ${pausedSince} (projector resume)`))]),
    ...(service?.reasons ?? []).map(({ reason, detail }) =>
      line('not ready', `${paint('bad', reason)}: ${detail}`),
    ),
    ...Object.entries(service?.waits ?? {}).map(([what, why]) =>
      line('waiting', paint('warn', `${what}: ${why}`)),
    ),
    ...Object.values(unreachable).map((error) => line('problem', paint('bad', error))),
    ...(service ? describeWork(service, paint).map(([label, text]) => line(label, text)) : []),
    line('resume', checkpoint ?? ('redis' in unreachable ? NOT_KNOWN : 'nowhere yet')),
    line('slot', `${name}: ${describeSlot(report, paint)}`),
    ...Object.entries(indexes).map(([index, one]) =>
      line('index', `${index}: ${describeIndex(one, unreachable, paint)}`),
    ),
  ].join('\n');
}

function describeService({ service, unreachable }: StatusReport, nowMs: number, paint: Paint): string {
  if (!service)
    return 'redis' in unreachable
      ? paint('warn', NOT_KNOWN)
      : paint('bad', 'none holds the slot: not running, or still starting');
  const age = formatSeconds((nowMs - Date.parse(service.startedAt)) / 1_000);
  const state = paint(service.ready ? 'good' : 'warn', service.state);
  return `${state}${service.ready ? ', ready' : ''} ${paint('idle', `(pid ${service.pid}, for ${age})`)}`;
}

function describeWork(service: ServiceStatus, paint: Paint): [string, string][] {
  const { lag, pendingIds, batchesInFlight, fanOuts, slot } = service;
  const behind = [
    lag.seconds === null ? 'time not known' : formatSeconds(lag.seconds),
    ...(lag.bytes === null ? [] : [`${formatBytes(lag.bytes)} of WAL`]),
  ].join(', ');
  const toDo = [
    `${formatCount(pendingIds)} documents to do`,
    ...(batchesInFlight > 0 ? [`${batchesInFlight} batches under way`] : []),
    ...(fanOuts > 0 ? [`${formatCount(fanOuts)} fan-outs`] : []),
  ];
  const outcomes = (['written', 'superseded', 'refused'] as const).map(
    (outcome) => `${formatCount(service[outcome])} ${outcome}`,
  );
  const servers = Object.entries(service.servers).map(([server, { error, retries }]) => {
    const tries = retries > 0 ? paint('idle', ` (${formatCount(retries)} retries)`) : '';
    return `${server} ${error === null ? paint('good', 'up') : paint('bad', 'away')}${tries}`;
  });
  return [
    ['behind', paint(lagTone(lag.seconds), behind)],
    ['stream', [`${formatCount(service.changes)} changes`, ...toDo].join(', ')],
    ['documents', outcomes.join(', ')],
    ['servers', servers.join(', ')],
    ...(slot ? ([['WAL', describeWal(slot, paint)]] as [string, string][]) : []),
    ['memory', formatBytes(service.residentBytes)],
  ];
}

function describeWal(slot: NonNullable<ServiceStatus['slot']>, paint: Paint): string {
  const { walStatus, retainedBytes, bytesLeft, secondsLeft } = slot;
  const parts = [
    paint(walStatusTone(walStatus), walStatus),
    `${formatBytes(retainedBytes)} kept`,
    bytesLeft === null ? 'no limit' : `${formatBytes(bytesLeft)} left`,
  ];
  if (secondsLeft === null) return parts.join(', ');
  const tone = secondsLeftTone(secondsLeft);
  return [
    ...parts,
    paint(tone === 'good' ? 'idle' : tone, `full in ${formatSeconds(secondsLeft)} at this rate`),
  ].join(', ');
}

function describeSlot({ slot, unreachable }: StatusReport, paint: Paint): string {
  if (!slot) return 'postgres' in unreachable ? NOT_KNOWN : paint('warn', 'none');
  const use =
    slot.loss !== null
      ? paint('bad', `LOST (${slot.loss})`)
      : slot.active
        ? 'in use'
        : paint('warn', 'not in use');
  return `${use}, confirmed ${slot.confirmedFlush}, keeps ${formatBytes(slot.retainedBytes)} of WAL`;
}

function describeIndex(
  { documents, deadLetters, snapshot, reindex }: IndexReport,
  unreachable: StatusReport['unreachable'],
  paint: Paint,
): string {
  const absent = 'elasticsearch' in unreachable ? 'documents not known' : paint('warn', 'not there');
  const parts = [documents === null ? absent : `${formatCount(documents)} documents`];
  if (deadLetters) parts.push(paint('bad', `${formatCount(deadLetters)} refused (dead-letters list)`));
  if (reindex?.state === 'running') parts.push(`being built anew since ${reindex.startedAt}`);
  if ('redis' in unreachable) parts.push('snapshot and reindex not known');
  if (snapshot?.state === 'running') {
    const share = Math.min(1, snapshot.total === 0 ? 0 : snapshot.done / snapshot.total);
    const filled = Math.round(share * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    parts.push(`snapshot ${bar} ${formatCount(snapshot.done)} of ${formatCount(snapshot.total)}`);
  }
  return parts.join(', ');
}
