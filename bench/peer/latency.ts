import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { makeBed, type Bed } from '../bed/bed.ts';
import { pacedEdits } from '../bed/edits.ts';
import { runService, startService } from '../bed/service.ts';
import type { Figure } from '../figures/figure.ts';
import { beside, measurementsTable, percentile, rounded, roundedSpread, spread } from '../report.ts';
import { pgsyncVersion } from './install.ts';
import { openPgsync, type Pgsync } from './pgsync.ts';

/** At a pace that PGSync keeps up with: at more of them a second, its delay would be that of a growing backlog. */
const PER_SECOND = 10;
const EDITS = 300;

const POLL_MS = 2;
const SLOT_POLL_MS = 50;

/** How long after its commit an edit is readable by its id, with the service and then with PGSync. */
export const peerLatencyFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  await using pgsync = await openPgsync(bed, say);
  const measure = async (whose: string): Promise<number[][]> => {
    const all: number[][] = [];
    for (let run = 1; run <= runs; run++) {
      const measured = await pacedEdits(bed, {
        edits: EDITS,
        perSecond: PER_SECOND,
        until: 'readable',
        pollMs: POLL_MS,
        signal,
      });
      all.push(measured);
      say(`run ${run}: ${whose}, ${percentile(measured, 0.5).toFixed(1)} ms`);
    }
    return all;
  };

  await runService(bed, 'init');
  const own: number[][] = [];
  {
    await using service = startService(bed, ['run']);
    await service.saying('"snapshot done"');
    own.push(...(await measure('service')));
    await service.stop();
  }
  await runService(bed, 'teardown', '--yes');

  say('the first synchronization of PGSync');
  const peer: number[][] = [];
  {
    await using process = await followSlot(bed, client, pgsync);
    const died = process.ended.then((): never => {
      throw new Error('PGSync ended while it was measured');
    });
    died.catch(() => undefined);
    peer.push(...(await Promise.race([measure('PGSync'), died])));
    await process.stop();
  }

  const of = (measured: readonly number[][], share: number): number[] =>
    measured.map((one) => percentile(one, share));
  const compared = [0.5, 0.99].map((share) => {
    const values = of(own, share);
    const peerValues = of(peer, share);
    return {
      name: `p${share * 100}`,
      values,
      peerValues,
      ...beside(
        { name: `readable by id, ${PER_SECOND} commits/s: p${share * 100}, ms`, values, digits: 1 },
        { name: `PGSync ${pgsyncVersion}`, values: peerValues, digits: 1 },
        2,
      ),
    };
  });
  return {
    table: measurementsTable(compared.flatMap(({ rows }) => rows)),
    json: {
      figure: 'latency',
      peer: 'pgsync',
      ...Object.fromEntries(
        compared.flatMap(({ name, values, peerValues, ratios }): [string, unknown][] => [
          [`readable_${name}_ms`, rounded(spread(values).median, 1)],
          [`peer_readable_${name}_ms`, rounded(spread(peerValues).median, 1)],
          [`peer_${name}_ratio`, rounded(spread(ratios).median, 2)],
          [`peer_${name}_ratio_spread`, roundedSpread(ratios, 2)],
        ]),
      ),
      films,
      runs,
    },
  };
};

/**
 * Has PGSync fill its index and then follow its slot without triggers, which is its fastest way for single edits. It
 * writes nothing of what the slot had before, so that it is filled by way of the triggers, which are removed again.
 */
async function followSlot(bed: Bed, client: Client, pgsync: Pgsync) {
  await pgsync.bootstrap();
  await pgsync.start().ended;
  await pgsync.unhook();
  const process = pgsync.start(['--wal', '--bootstrap']);
  await Promise.race([isRead(bed, client), process.ended]);
  return process;
}

/** Resolves once somebody reads a slot of the bed's database. */
async function isRead(bed: Bed, client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query('select from pg_replication_slots where database = $1 and active', [
      bed.name,
    ]);
    if (rows.length > 0) return;
    await sleep(SLOT_POLL_MS);
  }
}
