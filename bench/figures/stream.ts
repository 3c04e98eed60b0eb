import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { makeBed, type Bed } from '../bed/bed.ts';
import { findBestBulk, overwriteRate } from '../bed/bulk.ts';
import { prepareDocuments } from '../bed/documents.ts';
import { singleRowCommits, type CommitsOptions } from '../bed/edits.ts';
import { openRawSlot } from '../bed/raw-reader.ts';
import { runService, startService } from '../bed/service.ts';
import { acknowledged, currentLsn } from '../bed/slot.ts';
import { measurementsTable, rounded, roundedSpread, spread } from '../report.ts';
import type { Figure } from './figure.ts';

const HOT_COMMITS = 200_000;
const HOT_FILMS = 1_000;

interface Drained {
  /** From when the service holds the slot until all of it is acknowledged. */
  readonly seconds: number;
  readonly rawSeconds: number;
  readonly peakMemoryMib: number;
}

/** How fast a backlog of single-row transactions is drained. */
export const streamFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  const documents = await prepareDocuments(bed, 'movies');
  const best = await findBestBulk(bed, documents, say);
  await runService(bed, 'init');
  await runService(bed, 'snapshot');

  const ceilings: number[] = [];
  const distinct: Drained[] = [];
  const hot: Drained[] = [];
  for (let round = 1; round <= runs; round++) {
    signal.throwIfAborted();
    ceilings.push(await overwriteRate(bed, documents, best));
    const different = await drain(bed, client, { commits: films, films, round });
    distinct.push(different);
    const few = await drain(bed, client, { commits: HOT_COMMITS, films: HOT_FILMS, round });
    hot.push(few);
    say(
      `run ${round}: ${Math.round(films / different.seconds)} documents/s, ${Math.round(HOT_COMMITS / few.seconds)} commits/s`,
    );
  }

  const rates = distinct.map(({ seconds }) => films / seconds);
  const ratios = rates.map((rate, run) => rate / (ceilings[run] ?? NaN));
  const hotRates = hot.map(({ seconds }) => HOT_COMMITS / seconds);
  const rawRates = hot.map(({ rawSeconds }) => HOT_COMMITS / rawSeconds);
  const hotRatios = hot.map(({ seconds, rawSeconds }) => rawSeconds / seconds);
  const memory = [...distinct, ...hot].map(({ peakMemoryMib }) => peakMemoryMib);
  return {
    table: measurementsTable([
      { name: `${films} commits on different films: documents/s`, values: rates, digits: 0 },
      {
        name: `  ceiling, overwriting (bulks ${best.concurrency} × ${best.size})`,
        values: ceilings,
        digits: 0,
      },
      { name: '  ratio', values: ratios, digits: 3 },
      { name: `${HOT_COMMITS} commits on ${HOT_FILMS} films: commits/s`, values: hotRates, digits: 0 },
      { name: '  pg_recvlogical', values: rawRates, digits: 0 },
      { name: '  ratio', values: hotRatios, digits: 3 },
      { name: 'service, peak resident MiB', values: memory, digits: 0 },
    ]),
    json: {
      figure: 'stream',
      docs_per_s: rounded(spread(rates).median),
      ceiling_docs_per_s: rounded(spread(ceilings).median),
      ratio: rounded(spread(ratios).median, 3),
      hot_commits_per_s: rounded(spread(hotRates).median),
      raw_commits_per_s: rounded(spread(rawRates).median),
      hot_ratio: rounded(spread(hotRatios).median, 3),
      films,
      runs,
      ratio_spread: roundedSpread(ratios, 3),
      hot_ratio_spread: roundedSpread(hotRatios, 3),
      peak_rss_mib: roundedSpread(memory, 1),
    },
  };
};

/** Commits while the service is away, reads that raw, and has the service follow it. */
async function drain(bed: Bed, client: Client, commits: CommitsOptions): Promise<Drained> {
  await using raw = await openRawSlot(bed, client);
  await singleRowCommits(client, commits);
  // Something that the reader gets, at or behind the last commit: there it ends.
  await client.query(
    'update content.film_work set rating = rating where id = (select min(id::text)::uuid from content.film_work)',
  );
  const target = await currentLsn(client);
  const rawSeconds = await raw.read(target);
  await using service = startService(bed, ['run']);
  const { atMs } = await service.saying('"holding the slot"');
  await Promise.race([acknowledged(client, bed.name, target), service.ended]);
  const seconds = (performance.now() - atMs) / 1000;
  await service.stop();
  return { seconds, rawSeconds, peakMemoryMib: service.peakMemoryMib };
}
