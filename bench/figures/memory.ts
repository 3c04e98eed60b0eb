import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { drain } from '../bed/backlog.ts';
import { makeBed, type Bed } from '../bed/bed.ts';
import { singleRowCommits } from '../bed/edits.ts';
import { runService, startService } from '../bed/service.ts';
import { measurementsTable, rounded, spread, type Measured } from '../report.ts';
import type { Figure } from './figure.ts';

const COMMITS = 200_000;

/** What one process goes through, from an empty memory. */
interface Phase {
  readonly name: string;
  readonly key: string;
  /** What is changed while the service is away. */
  readonly change: (client: Client, round: number) => Promise<unknown>;
}

const phases: readonly Phase[] = [
  {
    name: `backlog of ${COMMITS} single-row commits`,
    key: 'commits',
    change: (client, round) => singleRowCommits(client, { commits: COMMITS, films: COMMITS, round }),
  },
  {
    name: 'all films in one transaction',
    key: 'transaction',
    change: (client, round) =>
      client.query(`update content.film_work set title = title || ' ' || $1::text`, [String(round)]),
  },
  {
    name: 'a genre of very many films renamed',
    key: 'fanout',
    change: (client, round) =>
      client.query(`update content.genre set name = name || ' ' || $1::text where name like 'Drama%'`, [
        String(round),
      ]),
  },
];

/** The service's peak resident memory in what takes the most of it, each in a process of its own. */
export const memoryFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, {
    films,
    seed,
    definitions: ['movies.yaml', 'genres.yaml', 'persons.yaml'],
  });
  const peaks = new Map<string, { readonly name: string; readonly values: number[] }>([
    ['snapshot', { name: 'snapshot of three indexes', values: [] }],
    ...phases.map(({ key, name }): [string, { name: string; values: number[] }] => [
      key,
      { name, values: [] },
    ]),
  ]);
  for (let round = 1; round <= runs; round++) {
    await runService(bed, 'init');
    await using snapshot = startService(bed, ['snapshot']);
    await snapshot.ended;
    peaks.get('snapshot')?.values.push(snapshot.peakMemoryMib);
    for (const phase of phases) {
      signal.throwIfAborted();
      const peak = await runPhase(bed, phase, round, say);
      peaks.get(phase.key)?.values.push(peak);
    }
    await runService(bed, 'teardown', '--yes');
  }
  const rows: Measured[] = [...peaks.values()].map(({ name, values }) => ({ name, values, digits: 0 }));
  return {
    table: `The service's peak resident memory, MiB\n\n${measurementsTable(rows)}`,
    json: {
      figure: 'memory',
      peak_rss_mib: rounded(Math.max(...rows.flatMap(({ values }) => values)), 1),
      films,
      runs,
      ...Object.fromEntries(
        [...peaks].map(([key, { values }]) => [`${key}_rss_mib`, rounded(spread(values).max, 1)]),
      ),
    },
  };
};

/** Changes rows with the service away, and has it follow them. */
async function runPhase(bed: Bed, phase: Phase, round: number, say: (line: string) => void): Promise<number> {
  await using client = await connect(bed.adminUrl);
  await phase.change(client, round);
  const { peakMemoryMib, seconds } = await drain(bed, client);
  say(`  ${phase.name}: ${Math.round(peakMemoryMib)} MiB, ${seconds.toFixed(1)} s`);
  return peakMemoryMib;
}
