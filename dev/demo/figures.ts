import type { ServiceStatus } from '../../src/service/status.ts';
import type { Agreement } from './agreement.ts';
import type { Arrival } from './arrival.ts';
import { align, count, duration } from './screen.ts';
import type { SnapshotFigures } from './snapshot.ts';

export interface Figures {
  readonly agreements: readonly Agreement[];
  readonly snapshot: SnapshotFigures;
  readonly arrivals: readonly Arrival[];
  readonly status: Pick<ServiceStatus, 'changes' | 'written' | 'residentBytes'>;
  /** The most that the service had resident at any time, in bytes. */
  readonly peakBytes: number;
}

/** What the demo has measured, a line each. */
export function describeFigures({ agreements, snapshot, arrivals, status, peakBytes }: Figures): string[] {
  const documents = agreements.reduce((sum, agreement) => sum + agreement.documents, 0);
  const latencies = arrivals.map(({ ms }) => ms).sort((a, b) => a - b);
  const rate = snapshot.documents / (snapshot.ms / 1000);
  return align([
    [
      'documents',
      `${count(documents)}: ${agreements.map(({ index, documents: some }) => `${count(some)} ${index}`).join(', ')}`,
    ],
    [
      'snapshot',
      `${count(snapshot.documents)} documents in ${duration(snapshot.ms)}: ${count(Math.round(rate))} a second`,
    ],
    [
      'commit → searchable',
      `${duration(latencies[0] ?? 0)} fastest, ${duration(median(latencies))} median, ${duration(latencies.at(-1) ?? 0)} slowest`,
    ],
    [
      'changes followed',
      `${count(status.changes)} changed rows; ${count(status.written)} documents written, with those of the snapshot`,
    ],
    ['service memory', `${mebibytes(status.residentBytes)} resident now, ${mebibytes(peakBytes)} at most`],
  ]);
}

/** Of numbers in ascending order; 0 of none. */
export function median(ascending: readonly number[]): number {
  const middle = ascending.length / 2;
  const below = ascending[Math.ceil(middle) - 1] ?? 0;
  const above = ascending[Math.floor(middle)] ?? 0;
  return (below + above) / 2;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
