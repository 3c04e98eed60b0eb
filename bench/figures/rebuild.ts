import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { ask, makeBed, type Bed } from '../bed/bed.ts';
import { openSearches, type SearchesMade } from '../bed/searches.ts';
import { runService, startService } from '../bed/service.ts';
import { openSteadyEdits } from '../bed/steady-edits.ts';
import { measurementsTable, percentile, rounded, roundedSpread, spread } from '../report.ts';
import type { Figure } from './figure.ts';

const EDITS_PER_SECOND = 200;
/** The same edits before the rebuild begins, to compare with. */
const BEFORE_MS = 10_000;
const WORD = 'sentinel';

/** How a rebuild of an index beside the one that serves is felt by those who edit and those who search. */
export const rebuildFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  await runService(bed, 'init');
  await using service = startService(bed, ['run']);
  await service.saying('"snapshot done"');
  const sentinel = await findable(bed, client, signal);
  const rebuilds: Rebuild[] = [];
  for (let run = 1; run <= runs; run++) {
    signal.throwIfAborted();
    const rebuild = await rebuildUnderEdits(bed, client, sentinel, signal);
    rebuilds.push(rebuild);
    const { seconds, searches, during } = rebuild;
    say(
      `run ${run}: ${rounded(seconds, 1)} s, p99 ${rounded(percentile(during, 0.99))} ms, ${searches.searches} searches`,
    );
  }
  await service.stop();

  const of = (pick: (rebuild: Rebuild) => number): number[] => rebuilds.map(pick);
  const figures = {
    docs_per_s: of(({ documents, seconds }) => documents / seconds),
    rebuild_s: of(({ seconds }) => seconds),
    edits_per_s: of(({ edits, seconds }) => edits / seconds),
    readable_p50_ms: of(({ during }) => percentile(during, 0.5)),
    readable_p99_ms: of(({ during }) => percentile(during, 0.99)),
    readable_max_ms: of(({ during }) => percentile(during, 1)),
    before_p50_ms: of(({ before }) => percentile(before, 0.5)),
    before_p99_ms: of(({ before }) => percentile(before, 0.99)),
    searches: of(({ searches }) => searches.searches),
    failed_searches: of(({ searches }) => searches.failed.length),
    short_searches: of(({ searches }) => searches.short.length),
    least_seen_ratio: of(({ searches }) => searches.leastRatio),
  };
  const row = (name: string, key: keyof typeof figures, digits: number) => ({
    name,
    values: figures[key],
    digits,
  });
  return {
    table: measurementsTable([
      row(`a rebuild of ${films} films: documents/s`, 'docs_per_s', 0),
      row('  seconds', 'rebuild_s', 1),
      row('edits meanwhile, a second', 'edits_per_s', 0),
      row('  readable by id: p50, ms', 'readable_p50_ms', 1),
      row('  p99, ms', 'readable_p99_ms', 1),
      row('  the longest, ms', 'readable_max_ms', 1),
      row('  before the rebuild: p50, ms', 'before_p50_ms', 1),
      row('  p99, ms', 'before_p99_ms', 1),
      row('searches meanwhile', 'searches', 0),
      row('  that failed', 'failed_searches', 0),
      row('  that missed films', 'short_searches', 0),
      row('  films found of those committed, the least', 'least_seen_ratio', 4),
      { name: 'service, peak resident MiB', values: [service.peakMemoryMib], digits: 0 },
    ]),
    json: {
      figure: 'rebuild',
      films,
      runs,
      ...Object.fromEntries(
        Object.entries(figures).map(([name, values]) => [name, rounded(spread(values).median, 4)]),
      ),
      readable_p99_ms_spread: roundedSpread(figures.readable_p99_ms, 1),
      docs_per_s_spread: roundedSpread(figures.docs_per_s, 0),
      peak_rss_mib: rounded(service.peakMemoryMib, 1),
    },
  };
};

interface Rebuild {
  readonly documents: number;
  /** From the command until the new index serves and the old one is gone. */
  readonly seconds: number;
  /** How long the edits took to be readable, in ms: those before, and those while it was built. */
  readonly before: readonly number[];
  readonly during: readonly number[];
  /** Committed while it was built. */
  readonly edits: number;
  readonly searches: SearchesMade;
}

/** Rebuilds the index while films are edited and searched. Throws when a document differs from its rows afterwards. */
async function rebuildUnderEdits(
  bed: Bed,
  client: Client,
  sentinel: string,
  signal: AbortSignal,
): Promise<Rebuild> {
  const { rows } = await client.query<{ films: number }>(
    'select count(*)::int as films from content.film_work',
  );
  const films = rows[0]?.films ?? 0;
  await using edits = await openSteadyEdits(bed, { perSecond: EDITS_PER_SECOND, except: [sentinel], signal });
  await using searches = openSearches(bed, {
    word: WORD,
    committedBy: (ms) => films + edits.insertedBy(ms),
    readableBy: (ms) => films + edits.readableBy(ms),
  });
  await sleep(BEFORE_MS, undefined, { signal });
  const before = edits.committed;
  const beganMs = performance.now();
  await runService(bed, 'reindex');
  const endedMs = performance.now();
  const committed = edits.committed - before;
  const arrivals = await edits.end();
  const made = await searches.end();
  for (const one of [...made.failed, ...made.short].slice(0, 5)) process.stderr.write(`a search: ${one}\n`);
  await runService(bed, 'verify');
  const during = arrivals.filter(({ committedMs }) => committedMs >= beganMs && committedMs <= endedMs);
  return {
    documents: films,
    seconds: (endedMs - beganMs) / 1_000,
    before: arrivals.filter(({ committedMs }) => committedMs < beganMs).map(({ tookMs }) => tookMs),
    during: during.map(({ tookMs }) => tookMs),
    edits: committed,
    searches: made,
  };
}

/** Gives one film a title that no other has, and its id once searches find it. */
async function findable(bed: Bed, client: Client, signal: AbortSignal): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `update content.film_work set title = $1
     where id = (select id from content.film_work limit 1) returning id`,
    [WORD],
  );
  const query = { query: { match: { title: WORD } } };
  while ((await ask<{ count: number }>(bed, 'movies/_count', query)).count !== 1)
    await sleep(100, undefined, { signal });
  return rows[0]?.id ?? '';
}
