import { makeBed, type Bed } from '../bed/bed.ts';
import { runSnapshot } from '../bed/snapshot.ts';
import type { Figure } from '../figures/figure.ts';
import { beside, measurementsTable, rounded, roundedSpread, spread } from '../report.ts';
import { pgsyncVersion } from './install.ts';
import { openPgsync, type Pgsync } from './pgsync.ts';

interface PeerSnapshot {
  /** From when it has read its schema until it has ended and the index is refreshed. */
  readonly seconds: number;
  readonly peakMemoryMib: number;
}

/** Documents a second of a snapshot, and of PGSync's first synchronization, by turns. */
export const peerSnapshotFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using pgsync = await openPgsync(bed, say);

  const rates: number[] = [];
  const memory: number[] = [];
  const peerRates: number[] = [];
  const peerMemory: number[] = [];
  for (let run = 1; run <= runs; run++) {
    signal.throwIfAborted();
    const snapshot = await runSnapshot(bed, 'movies', films);
    const rate = films / snapshot.searchableSeconds;
    rates.push(rate);
    memory.push(snapshot.peakMemoryMib);
    const peer = await runPeerSnapshot(bed, pgsync);
    const peerRate = films / peer.seconds;
    peerRates.push(peerRate);
    peerMemory.push(peer.peakMemoryMib);
    say(`run ${run}: ${Math.round(rate)} documents/s, PGSync ${Math.round(peerRate)}`);
  }
  const { rows, ratios } = beside(
    { name: 'snapshot, documents/s', values: rates, digits: 0 },
    { name: `PGSync ${pgsyncVersion}`, values: peerRates, digits: 0 },
    1,
  );
  return {
    table: measurementsTable([
      ...rows,
      { name: 'service, peak resident MiB', values: memory, digits: 0 },
      { name: 'PGSync, peak resident MiB', values: peerMemory, digits: 0 },
    ]),
    json: {
      figure: 'snapshot',
      peer: 'pgsync',
      docs_per_s: rounded(spread(rates).median),
      peer_docs_per_s: rounded(spread(peerRates).median),
      peer_ratio: rounded(spread(ratios).median, 1),
      films,
      runs,
      peer_ratio_spread: roundedSpread(ratios, 1),
      peak_rss_mib: roundedSpread(memory, 1),
      peer_peak_rss_mib: roundedSpread(peerMemory, 1),
    },
  };
};

/** Has PGSync write every document into an empty index, checks the count, and empties the system again. */
async function runPeerSnapshot(bed: Bed, pgsync: Pgsync): Promise<PeerSnapshot> {
  await pgsync.bootstrap();
  await using process = pgsync.start();
  const startedMs = await process.saying('content.film_work');
  await process.ended;
  const documents = await pgsync.count();
  const seconds = (performance.now() - startedMs) / 1000;
  if (documents !== bed.films) throw new Error(`PGSync wrote ${documents} of ${bed.films} documents`);
  await pgsync.teardown();
  return { seconds, peakMemoryMib: process.peakMemoryMib };
}
