import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { drain, type Drained } from '../bed/backlog.ts';
import { makeBed, type Bed } from '../bed/bed.ts';
import { findBestBulk, openOverwriteCeiling } from '../bed/bulk.ts';
import { prepareDocuments } from '../bed/documents.ts';
import { singleRowCommits, type CommitsOptions } from '../bed/edits.ts';
import { readRaw } from '../bed/raw-reader.ts';
import { runService } from '../bed/service.ts';
import { markEnd, openSlot } from '../bed/slot.ts';
import { beside, measurementsTable, rounded, roundedSpread, spread } from '../report.ts';
import type { Figure } from './figure.ts';

const HOT_COMMITS = 200_000;
const HOT_FILMS = 1_000;

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
  await using ceiling = await openOverwriteCeiling(bed, documents, best);

  const ceilings: number[] = [];
  const distinct: Drained[] = [];
  const hot: (Drained & { readonly rawSeconds: number })[] = [];
  for (let round = 1; round <= runs; round++) {
    signal.throwIfAborted();
    ceilings.push(await ceiling.rate());
    await singleRowCommits(client, { commits: films, films, round });
    const different = await drain(bed, client);
    distinct.push(different);
    const few = await drainBesideRaw(bed, client, { commits: HOT_COMMITS, films: HOT_FILMS, round });
    hot.push(few);
    say(
      `run ${round}: ${Math.round(films / different.seconds)} documents/s, ${Math.round(HOT_COMMITS / few.seconds)} commits/s`,
    );
  }

  const rates = distinct.map(({ seconds }) => films / seconds);
  const hotRates = hot.map(({ seconds }) => HOT_COMMITS / seconds);
  const rawRates = hot.map(({ rawSeconds }) => HOT_COMMITS / rawSeconds);
  const memory = [...distinct, ...hot].map(({ peakMemoryMib }) => peakMemoryMib);
  const distinctRows = beside(
    { name: `${films} commits on different films: documents/s`, values: rates, digits: 0 },
    {
      name: `ceiling, overwriting (bulks ${best.concurrency} × ${best.size})`,
      values: ceilings,
      digits: 0,
    },
  );
  const hotRows = beside(
    { name: `${HOT_COMMITS} commits on ${HOT_FILMS} films: commits/s`, values: hotRates, digits: 0 },
    { name: 'pg_recvlogical', values: rawRates, digits: 0 },
  );
  return {
    table: measurementsTable([
      ...distinctRows.rows,
      ...hotRows.rows,
      { name: 'service, peak resident MiB', values: memory, digits: 0 },
    ]),
    json: {
      figure: 'stream',
      docs_per_s: rounded(spread(rates).median),
      ceiling_docs_per_s: rounded(spread(ceilings).median),
      ratio: rounded(spread(distinctRows.ratios).median, 3),
      hot_commits_per_s: rounded(spread(hotRates).median),
      raw_commits_per_s: rounded(spread(rawRates).median),
      hot_ratio: rounded(spread(hotRows.ratios).median, 3),
      films,
      runs,
      ratio_spread: roundedSpread(distinctRows.ratios, 3),
      hot_ratio_spread: roundedSpread(hotRows.ratios, 3),
      peak_rss_mib: roundedSpread(memory, 1),
    },
  };
};

/** Commits while the service is away, reads that raw, and has the service follow it. */
async function drainBesideRaw(
  bed: Bed,
  client: Client,
  commits: CommitsOptions,
): Promise<Drained & { readonly rawSeconds: number }> {
  await using raw = await openSlot(bed, client, 'raw');
  await singleRowCommits(client, commits);
  const rawSeconds = await readRaw(bed, raw.name, await markEnd(client));
  return { ...(await drain(bed, client)), rawSeconds };
}
