#!/usr/bin/env node
import pg from 'pg';
import { parseCommand, UsageError, type Source } from './command.ts';
import { findDatabaseUrl } from './database-url.ts';
import { generatedFilms } from './generated-films.ts';
import { LoadError } from './load-error.ts';
import { loadFilms, type LoadReport } from './load.ts';
import { ndjsonFilms } from './ndjson-films.ts';
import { count, showProgress } from './progress.ts';
import { realFilms } from './real-films.ts';
import type { Batch } from './rows.ts';
import { openSqliteFilms } from './sqlite-films.ts';
import { usage } from './usage.ts';

/** Runs `npm run load` and returns the exit code: 0 loaded, 1 failed, 2 not understood. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command.kind === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    const databaseUrl = await findDatabaseUrl(command.databaseUrl, process.env);
    process.stdout.write(`${await load(databaseUrl, command)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    if (!(error instanceof UsageError)) return 1;
    process.stderr.write('`npm run load -- --help` tells more.\n');
    return 2;
  }
}

/** Loads and returns what to say of it. */
async function load(databaseUrl: string, source: Source): Promise<string> {
  switch (source.kind) {
    case 'films':
      return describe(await loadInto(databaseUrl, realFilms()));
    case 'generated':
      return describe(await loadInto(databaseUrl, generatedFilms(source), source.films));
    case 'ndjson':
      return describe(await loadInto(databaseUrl, ndjsonFilms(source.path)));
    case 'sqlite': {
      using films = openSqliteFilms(source.path);
      const said = describe(await loadInto(databaseUrl, films.batches()));
      const { repeatedLinks } = films;
      return repeatedLinks === 0
        ? said
        : `${said}\nLinks that only repeat another one: ${count(repeatedLinks)}, each loaded once.`;
    }
  }
}

/** `total`: how many films there are, where that is known. */
async function loadInto(databaseUrl: string, batches: AsyncIterable<Batch>, total?: number) {
  const progress = showProgress(process.stderr, total);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'projector load' });
  // A connection that dies between two queries says so here; the query that follows fails with the reason.
  client.on('error', () => undefined);
  await client.connect();
  const startedAt = performance.now();
  try {
    const report = await loadFilms(client, batches, { onProgress: (films) => progress.update(films) });
    return { ...report, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    progress.end();
    await client.end();
  }
}

function describe({ films, inserted, seconds }: LoadReport & { seconds: number }): string {
  const links = inserted.genre_film_work + inserted.person_film_work;
  return (
    `${count(films)} films read in ${seconds.toFixed(1)} s: ` +
    `${count(inserted.film_work)} new, with ${count(inserted.genre)} new genres, ` +
    `${count(inserted.person)} new persons and ${count(links)} new links.`
  );
}

/** One clear message; the stack only where the fault may be ours. */
function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof LoadError) return error.message;
  // What Node throws when every address of a host refuses has no message of its own.
  if (error instanceof AggregateError) return error.errors.map(explain).join('; ');
  if (error instanceof pg.DatabaseError) return `Postgres: ${error.message}`;
  if (error instanceof Error && 'code' in error) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

process.exitCode = await main(process.argv.slice(2));
