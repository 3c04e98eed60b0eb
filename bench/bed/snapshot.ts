import type { Bed } from './bed.ts';
import { cpuBetween, runService, startService, type Cpu } from './service.ts';

/** One snapshot of one index by a real process on an empty system. */
export interface SnapshotRun {
  /** From its log's "snapshot begins" until it has told that all documents are accepted. */
  readonly acceptedSeconds: number;
  /** From there to "snapshot done": refreshed, and the alias swapped. */
  readonly searchableSeconds: number;
  readonly peakMemoryMib: number;
  /** CPU seconds of the whole. */
  readonly cpu: Cpu;
}

/** Snapshots its one index into an empty system, checks the count, and empties the system again. */
export async function runSnapshot(bed: Bed, index: string, expected: number): Promise<SnapshotRun> {
  await runService(bed, 'init');
  await using service = startService(bed, ['snapshot']);
  const [begins, accepted, done] = await Promise.all([
    service.saying('"snapshot begins"'),
    service.saying(`100 %  ${expected.toLocaleString('en')} of`),
    service.saying('"snapshot done"'),
  ]);
  await service.ended;
  const response = await fetch(`${bed.servers.elasticsearchUrl}/${bed.indexPrefix}${index}/_count`);
  const { count } = (await response.json()) as { count: number };
  if (count !== expected) throw new Error(`the snapshot wrote ${count} of ${expected} documents`);
  await runService(bed, 'teardown', '--yes');
  return {
    acceptedSeconds: (accepted.atMs - begins.atMs) / 1000,
    searchableSeconds: (done.atMs - begins.atMs) / 1000,
    peakMemoryMib: service.peakMemoryMib,
    cpu: cpuBetween(begins, done),
  };
}
