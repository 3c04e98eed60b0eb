import { makeBed } from '../bed/bed.ts';
import { pacedEdits } from '../bed/edits.ts';
import { runService, startService } from '../bed/service.ts';
import { measurementsTable, percentile, rounded, roundedSpread, spread } from '../report.ts';
import type { Figure } from './figure.ts';

const BUSY_EDITS = 1_000;
const BUSY_PER_SECOND = 50;
const IDLE_EDITS = 30;
const IDLE_PER_SECOND = 2;
const POLL_MS = 2;

/** How long after its commit an edit is in its document, and found by searches. */
export const latencyFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await runService(bed, 'init');
  await using service = startService(bed, ['run']);
  await service.saying('"snapshot done"');
  const readable: number[][] = [];
  const searchable: number[][] = [];
  for (let run = 1; run <= runs; run++) {
    say(`run ${run}: ${BUSY_EDITS} edits, ${BUSY_PER_SECOND} a second`);
    const looking = { pollMs: POLL_MS, signal };
    const busy = { edits: BUSY_EDITS, perSecond: BUSY_PER_SECOND, until: 'readable' } as const;
    readable.push(await pacedEdits(bed, { ...busy, ...looking }));
    say(`run ${run}: ${IDLE_EDITS} edits, when nothing else happens`);
    const idle = { edits: IDLE_EDITS, perSecond: IDLE_PER_SECOND, until: 'searchable' } as const;
    searchable.push(await pacedEdits(bed, { ...idle, ...looking, oneByOne: true }));
  }
  await service.stop();

  const of = (measured: readonly number[][], share: number): number[] =>
    measured.map((one) => percentile(one, share));
  const figures = {
    readable_p50_ms: of(readable, 0.5),
    readable_p99_ms: of(readable, 0.99),
    searchable_p50_ms: of(searchable, 0.5),
    searchable_p99_ms: of(searchable, 0.99),
  };
  return {
    table: measurementsTable([
      {
        name: `readable by id, ${BUSY_PER_SECOND} commits/s: p50, ms`,
        values: figures.readable_p50_ms,
        digits: 1,
      },
      { name: '  p99, ms', values: figures.readable_p99_ms, digits: 1 },
      { name: 'found by search, otherwise idle: p50, ms', values: figures.searchable_p50_ms, digits: 1 },
      { name: '  p99, ms', values: figures.searchable_p99_ms, digits: 1 },
      { name: 'service, peak resident MiB', values: [service.peakMemoryMib], digits: 0 },
    ]),
    json: {
      figure: 'latency',
      films,
      runs,
      ...Object.fromEntries(
        Object.entries(figures).map(([name, values]) => [name, rounded(spread(values).median, 1)]),
      ),
      spreads: Object.fromEntries(
        Object.entries(figures).map(([name, values]) => [name, roundedSpread(values, 1)]),
      ),
      peak_rss_mib: rounded(service.peakMemoryMib, 1),
    },
  };
};
