import { makeBed } from '../bed/bed.ts';
import { bulkRate, findBestBulk, type BulkRate } from '../bed/bulk.ts';
import { prepareDocuments } from '../bed/documents.ts';
import type { Cpu } from '../bed/service.ts';
import { runSnapshot, type SnapshotRun } from '../bed/snapshot.ts';
import { beside, measurementsTable, rounded, roundedSpread, spread, type Measured } from '../report.ts';
import type { Figure } from './figure.ts';

const INDEX = 'movies';

/** Documents a second of a snapshot, by turns with Elasticsearch's own ceiling for the same documents. */
export const snapshotFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: [`${INDEX}.yaml`] });
  const documents = await prepareDocuments(bed, INDEX);
  say(
    `${documents.count} documents of ${Math.round(documents.bytes / documents.count)} bytes; the best bulk:`,
  );
  const best = await findBestBulk(bed, documents, say);

  const ceilings: BulkRate[] = [];
  const snapshots: SnapshotRun[] = [];
  for (let run = 1; run <= runs; run++) {
    signal.throwIfAborted();
    const ceiling = await bulkRate(bed, documents, best);
    const snapshot = await runSnapshot(bed, INDEX, documents.count);
    ceilings.push(ceiling);
    snapshots.push(snapshot);
    const rate = documents.count / snapshot.searchableSeconds;
    say(`run ${run}: ceiling ${Math.round(ceiling.searchable)}, snapshot ${Math.round(rate)} documents/s`);
  }

  const compare = (until: 'accepted' | 'searchable') => {
    const rates = snapshots.map((snapshot) => documents.count / snapshot[`${until}Seconds`]);
    const ceiling = ceilings.map((rate) => rate[until]);
    return {
      rates,
      ceiling,
      ...beside(
        { name: `until ${until}: snapshot, documents/s`, values: rates, digits: 0 },
        { name: `ceiling (bulks ${best.concurrency} × ${best.size})`, values: ceiling, digits: 0 },
      ),
    };
  };
  const searchable = compare('searchable');
  const accepted = compare('accepted');
  const memory = snapshots.map((snapshot) => snapshot.peakMemoryMib);
  const cpuRatio = snapshots.map(({ cpu }) => cpu.service / cpu.elasticsearch);
  const cpuRow = (name: string, whose: keyof Cpu): Measured => ({
    name: `${name}, CPU µs/document`,
    values: snapshots.map(({ cpu }) => (cpu[whose] / documents.count) * 1e6),
    digits: 0,
  });
  return {
    table: measurementsTable([
      ...searchable.rows,
      ...accepted.rows,
      { name: 'service, peak resident MiB', values: memory, digits: 0 },
      cpuRow('service', 'service'),
      cpuRow('Postgres', 'postgres'),
      cpuRow('Elasticsearch', 'elasticsearch'),
      { name: "service's CPU ÷ Elasticsearch's", values: cpuRatio, digits: 3 },
    ]),
    json: {
      figure: 'snapshot',
      docs_per_s: rounded(spread(searchable.rates).median),
      ceiling_docs_per_s: rounded(spread(searchable.ceiling).median),
      ratio: rounded(spread(searchable.ratios).median, 3),
      documents: documents.count,
      runs,
      docs_per_s_spread: roundedSpread(searchable.rates, 0),
      ceiling_docs_per_s_spread: roundedSpread(searchable.ceiling, 0),
      ratio_spread: roundedSpread(searchable.ratios, 3),
      accepted_ratio_spread: roundedSpread(accepted.ratios, 3),
      ceiling_bulk: best,
      peak_rss_mib: roundedSpread(memory, 1),
      cpu_ratio: roundedSpread(cpuRatio, 3),
    },
  };
};
