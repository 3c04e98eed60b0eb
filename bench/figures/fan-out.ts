import { connect } from '../../dev/stack/database.ts';
import { ask, makeBed, type Bed } from '../bed/bed.ts';
import { findBestBulk, openOverwriteCeiling } from '../bed/bulk.ts';
import { prepareDocuments } from '../bed/documents.ts';
import { pacedEdits } from '../bed/edits.ts';
import { runService, startService } from '../bed/service.ts';
import { currentLsn, durable } from '../bed/slot.ts';
import { beside, measurementsTable, percentile, rounded, roundedSpread, spread } from '../report.ts';
import type { Figure } from './figure.ts';

const GENRE = 'Everything';
const OTHER_PER_SECOND = 10;
/** So that the other edits have all been made before the last of so many films follows. */
const FILMS_PER_OTHER = 1_000;
/** The looking for the other edits is to take little of what both are measured for. */
const POLL_MS = 10;

/** How fast the documents follow a row that each of them shows, and how long other edits take meanwhile. */
export const fanOutFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films, each of one genre`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  await client.query(`
    insert into content.genre (name) values ('${GENRE}');
    insert into content.genre_film_work (film_work_id, genre_id)
      select f.id, g.id from content.film_work f, content.genre g where g.name = '${GENRE}'`);
  await client.query('vacuum analyze');
  const documents = await prepareDocuments(bed, 'movies');
  const best = await findBestBulk(bed, documents, say);
  await runService(bed, 'init');
  await using service = startService(bed, ['run']);
  await service.saying('"snapshot done"');
  await using ceiling = await openOverwriteCeiling(bed, documents, best);

  const rates: number[] = [];
  const ceilings: number[] = [];
  const others: number[][] = [];
  for (let run = 1; run <= runs; run++) {
    signal.throwIfAborted();
    ceilings.push(await ceiling.rate());
    const name = `${GENRE} ${run}`;
    await client.query(`update content.genre set name = $1 where name like '${GENRE}%'`, [name]);
    const committedMs = performance.now();
    const renamed = currentLsn(client).then((lsn) => durable(bed, lsn, signal));
    const editing = pacedEdits(bed, {
      edits: Math.ceil(films / FILMS_PER_OTHER),
      perSecond: OTHER_PER_SECOND,
      until: 'readable',
      pollMs: POLL_MS,
      signal,
    });
    await renamed;
    rates.push(documents.count / ((performance.now() - committedMs) / 1000));
    others.push(await editing);
    const followed = await countOf(bed, name);
    if (followed !== documents.count) throw new Error(`${followed} of ${documents.count} documents followed`);
    say(`run ${run}: ${Math.round(rates.at(-1) ?? 0)} documents/s of ${Math.round(ceilings.at(-1) ?? 0)}`);
  }
  await service.stop();

  const p99 = others.map((one) => percentile(one, 0.99));
  const p50 = others.map((one) => percentile(one, 0.5));
  const { rows, ratios } = beside(
    { name: `a genre of ${films} films renamed: documents/s`, values: rates, digits: 0 },
    {
      name: `ceiling, overwriting (bulks ${best.concurrency} × ${best.size})`,
      values: ceilings,
      digits: 0,
    },
  );
  return {
    table: measurementsTable([
      ...rows,
      { name: 'other edits meanwhile, readable by id: p50, ms', values: p50, digits: 0 },
      { name: '  p99, ms', values: p99, digits: 0 },
      { name: 'service, peak resident MiB', values: [service.peakMemoryMib], digits: 0 },
    ]),
    json: {
      figure: 'fanout',
      docs_per_s: rounded(spread(rates).median),
      ceiling_docs_per_s: rounded(spread(ceilings).median),
      ratio: rounded(spread(ratios).median, 3),
      others_p99_ms: rounded(spread(p99).median, 1),
      films,
      runs,
      ratio_spread: roundedSpread(ratios, 3),
      others_p99_ms_spread: roundedSpread(p99, 1),
      peak_rss_mib: rounded(service.peakMemoryMib, 1),
    },
  };
};

/** How many documents show a genre of that name. */
async function countOf(bed: Bed, genre: string): Promise<number> {
  await ask(bed, 'movies/_refresh');
  return (await ask<{ count: number }>(bed, 'movies/_count', { query: { term: { genres: genre } } })).count;
}
