import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { drain, type Drained } from '../bed/backlog.ts';
import { makeBed } from '../bed/bed.ts';
import { findBestBulk, openOverwriteCeiling, type BulkSettings } from '../bed/bulk.ts';
import { decodeSlot } from '../bed/decode.ts';
import { prepareDocuments } from '../bed/documents.ts';
import { readRaw } from '../bed/raw-reader.ts';
import { runService } from '../bed/service.ts';
import { markEnd, openSlot } from '../bed/slot.ts';
import { beside, measurementsTable, rounded, roundedSpread, spread } from '../report.ts';
import type { Figure } from './figure.ts';

const LINKS_A_FILM = 10;
const EXTRA_PERSONS = 1_000;

/**
 * One transaction of very many rows: how fast it is decoded and routed beside raw reading of the same slot, and how fast
 * the documents follow beside Elasticsearch's ceiling for what they have grown to.
 */
export const decodeFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  const rows = films * LINKS_A_FILM;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  await client.query(
    `insert into content.person (full_name) select 'Extra ' || n from generate_series(1, ${EXTRA_PERSONS}) as n`,
  );
  await runService(bed, 'init');
  await runService(bed, 'snapshot');

  const raw: number[] = [];
  const decoded: number[] = [];
  const followed: Drained[] = [];
  const ceilings: number[] = [];
  let best: BulkSettings | null = null;
  for (let run = 1; run <= runs; run++) {
    signal.throwIfAborted();
    say(`run ${run}: linking ${rows} persons in one transaction`);
    {
      await using first = await openSlot(bed, client, 'raw');
      await using second = await openSlot(bed, client, 'decode');
      await linkExtras(client);
      const end = await markEnd(client);
      raw.push(rows / (await readRaw(bed, first.name, end)));
      const { changes, documents, seconds } = await decodeSlot(bed, second.name, end);
      if (changes < rows || documents < films)
        throw new Error(`decoded ${changes} changes of ${documents} documents`);
      decoded.push(changes / seconds);
    }
    followed.push(await drain(bed, client));
    const grown = await prepareDocuments(bed, 'movies');
    best ??= await findBestBulk(bed, grown, say);
    await using ceiling = await openOverwriteCeiling(bed, grown, best);
    ceilings.push(await ceiling.rate());
    say(
      `run ${run}: ${Math.round(decoded.at(-1) ?? 0)} changes/s, ${Math.round(films / (followed.at(-1)?.seconds ?? NaN))} documents/s`,
    );
    await client.query(
      `delete from content.person_film_work where person_id in
         (select id from content.person where full_name like 'Extra %')`,
    );
    await drain(bed, client);
  }

  const rates = followed.map(({ seconds }) => films / seconds);
  const memory = followed.map(({ peakMemoryMib }) => peakMemoryMib);
  const decoding = beside(
    {
      name: `a transaction of ${rows} rows, decoded and routed: changes/s`,
      values: decoded,
      digits: 0,
    },
    { name: 'pg_recvlogical', values: raw, digits: 0 },
  );
  const following = beside(
    { name: `its ${films} documents, written: documents/s`, values: rates, digits: 0 },
    {
      name: `ceiling, overwriting (bulks ${best?.concurrency} × ${best?.size})`,
      values: ceilings,
      digits: 0,
    },
  );
  return {
    table: measurementsTable([
      ...decoding.rows,
      ...following.rows,
      { name: 'service, peak resident MiB', values: memory, digits: 0 },
    ]),
    json: {
      figure: 'decode',
      changes_per_s: rounded(spread(decoded).median),
      raw_changes_per_s: rounded(spread(raw).median),
      ratio: rounded(spread(decoding.ratios).median, 3),
      docs_per_s: rounded(spread(rates).median),
      ceiling_docs_per_s: rounded(spread(ceilings).median),
      docs_ratio: rounded(spread(following.ratios).median, 3),
      films,
      runs,
      ratio_spread: roundedSpread(decoding.ratios, 3),
      docs_ratio_spread: roundedSpread(following.ratios, 3),
      peak_rss_mib: roundedSpread(memory, 1),
    },
  };
};

/** Links each film with persons that it is not linked with yet. */
async function linkExtras(client: Client): Promise<void> {
  await client.query(`
    with extra as (
      select id, row_number() over (order by id) - 1 as place from content.person where full_name like 'Extra %'
    ), film as (
      select id, row_number() over (order by id) as place from content.film_work
    )
    insert into content.person_film_work (film_work_id, person_id, role)
    select film.id, extra.id, 'actor'
    from film
    cross join generate_series(0, ${LINKS_A_FILM - 1}) as link
    join extra on extra.place = (film.place * ${LINKS_A_FILM} + link) % ${EXTRA_PERSONS}`);
}
