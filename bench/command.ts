import { parseArgs } from 'node:util';

export const figureNames = [
  'snapshot',
  'stream',
  'latency',
  'fanout',
  'decode',
  'memory',
  'growth',
  'rebuild',
] as const;

export type FigureName = (typeof figureNames)[number];

/** Those that PGSync is measured in, too. */
export const peerFigureNames: readonly FigureName[] = ['snapshot', 'stream', 'latency'];

/** What a command line of `npm run bench` asks for. */
export type Command = { readonly kind: 'help' } | ({ readonly kind: 'bench' } & BenchOptions);

export interface BenchOptions {
  /** In this order. */
  readonly figures: readonly FigureName[];
  readonly films: number;
  /** How often each figure is measured. */
  readonly runs: number;
  /** Another seed gives other films. */
  readonly seed: number;
  /** `own`: started for this and stopped again. `stack`: those that `make stack` has started. */
  readonly servers: 'own' | 'stack';
  /** Measure this one beside it. */
  readonly peer?: 'pgsync';
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `npm run bench -- FIGURE [--films N] [--runs R] [--seed S] [--servers own|stack] [--peer pgsync]

Measures on real servers, in a database of its own that is removed afterwards, and prints a table and one line of
JSON a figure. Elasticsearch is warmed up first, until it gets no faster: of one that was just started, two to four
minutes.

  snapshot   documents a second of \`projector snapshot\`, Elasticsearch's own bulk ceiling for the same documents,
             measured by turns, and their ratio; the service's memory and CPU
  stream     backlogs of single-row transactions, drained: on films all different, beside Elasticsearch's ceiling for
             overwriting them; on 1,000 films, beside pg_recvlogical's reading of the same slot
  latency    how long after its commit an edit is in its document, and found by a search
  fanout     a genre that every film has is renamed: documents a second beside the ceiling, and other edits meanwhile
  decode     a transaction of ten rows a film: decoded and routed beside pg_recvlogical's reading of the same slot, and
             its documents a second beside the ceiling for what they have grown to
  memory     the service's resident memory: snapshot, a backlog of single-row transactions, all films in one
  growth     what a document and a change cost from 10,000 films to a million (to --films), with a backlog of a million
             commits, and with more definitions that do not read what changes; each measured once
  rebuild    \`reindex\` under 200 edits a second, while a client searches: how long the edits take to be readable, and
             whether a search fails or misses a film; then \`verify\`
  all        each of these

  --films    36000 unless given: generated films
  --runs     3 unless given
  --seed     1 unless given: another seed gives other films
  --servers  own: started in a temporary folder, and stopped (unless given); stack: those of \`make stack\`
  --peer     pgsync: ${peerFigureNames.join(', ')} beside PGSync, which is installed from PyPI, once, and does the same
             work on the same servers. Needs python3 with its venv module
`;

/** Reads the arguments behind the script's name. Throws `UsageError`. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = split(args);
  if (values.help === true) return { kind: 'help' };
  const [name, ...rest] = positionals;
  const figures = figureNames.filter((figure) => name === 'all' || name === figure);
  if (figures.length === 0 || rest.length > 0) {
    throw new UsageError(`Measure what? One of ${figureNames.join(', ')}, all.`);
  }
  const { servers = 'own', peer } = values;
  if (servers !== 'own' && servers !== 'stack') throw new UsageError('--servers must be own or stack.');
  if (peer !== undefined && peer !== 'pgsync') throw new UsageError('--peer must be pgsync.');
  const compared = figures.filter((figure) => peer === undefined || peerFigureNames.includes(figure));
  if (compared.length === 0) {
    throw new UsageError(
      `There is no measurement of ${peer} for this: only for ${peerFigureNames.join(', ')}.`,
    );
  }
  return {
    kind: 'bench',
    figures: compared,
    films: wholeNumber('--films', values.films ?? '36000', 1),
    runs: wholeNumber('--runs', values.runs ?? '3', 1),
    seed: wholeNumber('--seed', values.seed ?? '1', 0),
    servers,
    ...(peer && { peer }),
  };
}

function split(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        films: { type: 'string' },
        runs: { type: 'string' },
        seed: { type: 'string' },
        servers: { type: 'string' },
        peer: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > 2 ** 31 - 1) {
    throw new UsageError(`${option} must be a whole number from ${least} to 2147483647, not "${text}".`);
  }
  return number;
}
