import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../../dev/stack/database.ts';
import { drain } from '../bed/backlog.ts';
import { makeBed, type Bed } from '../bed/bed.ts';
import { singleRowCommits } from '../bed/edits.ts';
import { runService } from '../bed/service.ts';
import { runSnapshot } from '../bed/snapshot.ts';
import { rounded, table } from '../report.ts';
import type { Figure, FigureContext } from './figure.ts';

const SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000];
/** How many more definitions there are, of tables that do not change. */
const DEFINITIONS = [0, 10, 30];
/** On so many films changes are followed. */
const FOLLOWED_FILMS = 100_000;
const COMMITS = 200_000;
const HOT_FILMS = 1_000;
const BACKLOGS = [100_000, 1_000_000];

/** A row of one of the tables: what has grown, to how much, and what it cost. */
type Point = Readonly<Record<string, number>>;

/** Whether the cost of a document or a change stays what it is while what there is grows; each measured once. */
export const growthFigure: Figure = async (context) => {
  const { films } = context.options;
  const sizes = SIZES.filter((size) => size <= films);
  const snapshots: Point[] = [];
  for (const size of sizes) snapshots.push(await snapshotOf(size, context));
  const followed = Math.min(FOLLOWED_FILMS, films);
  const { backlogs, definitions } = await changesOf(followed, context);
  return {
    table: [
      'A snapshot of more and more films',
      tableOf(snapshots),
      `\nA backlog of more and more commits, each of one row, on ${followed} films`,
      tableOf(backlogs),
      `\nA backlog of ${COMMITS} commits on ${HOT_FILMS} films, with more and more definitions that do not read them`,
      tableOf(definitions),
    ].join('\n'),
    json: { figure: 'growth', snapshots, backlogs, definitions },
  };
};

async function snapshotOf(
  films: number,
  { servers, options: { seed }, say, signal }: FigureContext,
): Promise<Point> {
  signal.throwIfAborted();
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  const { searchableSeconds, peakMemoryMib, cpu } = await runSnapshot(bed, 'movies', films);
  const point = {
    films,
    docs_per_s: rounded(films / searchableSeconds),
    service_cpu_us: rounded((cpu.service / films) * 1e6),
    postgres_cpu_us: rounded((cpu.postgres / films) * 1e6),
    elasticsearch_cpu_us: rounded((cpu.elasticsearch / films) * 1e6),
    peak_rss_mib: rounded(peakMemoryMib),
  };
  say(`  ${JSON.stringify(point)}`);
  return point;
}

async function changesOf(
  films: number,
  { servers, options: { seed }, say, signal }: FigureContext,
): Promise<{ backlogs: Point[]; definitions: Point[] }> {
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  await client.query('create table content.unread (id int primary key, word text)');
  await client.query('grant select on content.unread to public');
  await runService(bed, 'init');
  await runService(bed, 'snapshot');

  const follow = async (commits: number, hotFilms: number, what: Point): Promise<Point> => {
    signal.throwIfAborted();
    await singleRowCommits(client, { commits, films: hotFilms, round: what['definitions'] ?? 0 });
    const { seconds, cpu, peakMemoryMib } = await drain(bed, client);
    const point = {
      ...what,
      commits_per_s: rounded(commits / seconds),
      service_cpu_us: rounded((cpu.service / commits) * 1e6),
      peak_rss_mib: rounded(peakMemoryMib),
    };
    say(`  ${JSON.stringify(point)}`);
    return point;
  };
  const backlogs: Point[] = [];
  for (const commits of BACKLOGS) backlogs.push(await follow(commits, films, { commits }));
  const definitions: Point[] = [];
  for (const more of DEFINITIONS) {
    await addDefinitions(bed, more);
    await runService(bed, 'init');
    await runService(bed, 'snapshot');
    definitions.push(await follow(COMMITS, HOT_FILMS, { definitions: more + 1 }));
  }
  return { backlogs, definitions };
}

async function addDefinitions(bed: Bed, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const definition = [
      `index: unread${number}`,
      'root: content.unread',
      'fields: { id: id, word: word }',
      'settings: { refresh_interval: 1s }',
      'mappings: { dynamic: strict, properties: { id: { type: integer }, word: { type: keyword } } }',
    ];
    await writeFile(
      join(bed.env['DEFINITIONS_DIR'] ?? '', `unread${number}.yaml`),
      `${definition.join('\n')}\n`,
    );
  }
}

function tableOf(points: readonly Point[]): string {
  const headings = Object.keys(points[0] ?? {});
  return table(
    headings.map((heading) => heading.replaceAll('_', ' ')),
    points.map((point) => headings.map((heading) => (point[heading] ?? NaN).toLocaleString('en'))),
  );
}
