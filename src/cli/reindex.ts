import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ProjectorError } from '../ops/errors.ts';
import { nothingToCancel } from '../service/holder-work.ts';
import { whereverItRuns, withHolder } from '../service/holder.ts';
import { createReindexStore, endReindex, type Reindex, type ReindexStore } from '../service/reindexes.ts';
import { askService } from '../service/requests.ts';
import { createRedis } from '../servers/redis.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import { usage } from './help.ts';
import type { CommandContext } from './command-line.ts';
import { watchProgress } from './watch-progress.ts';

const POLL_MS = 100;

/** Builds indexes anew beside those that serve, and ends when they serve; or gives that up. */
export async function reindex(context: CommandContext): Promise<number> {
  const { settings, flags } = context;
  if (flags.cancel && flags.keep) throw usage('--cancel and --keep do not go together');
  const indexes = await chosenIndexes(settings.definitionsDir, flags.index);
  return flags.cancel ? cancel(context, indexes) : build(context, indexes);
}

async function build(
  { settings, log, stop, flags, stderr, print }: CommandContext,
  indexes: readonly string[],
): Promise<number> {
  const id = randomUUID();
  const redis = createRedis(settings);
  try {
    await redis.connect();
    const store = createReindexStore(redis, settings.name);
    await using watched = await watchProgress(settings, indexes, stderr);
    await withHolder({ settings, log, stop }, async (work, signal) => {
      await work.reindex({ id, indexes, keeps: flags.keep });
      // Alone, another session does it, of which this is asked again.
      for (;;) {
        // A Redis that is away is waited for.
        const all = await readAll(store, indexes).catch(() => null);
        if (all && !all.some((one) => one?.id === id && one.state === 'running')) break;
        await work.alive();
        await delay(POLL_MS, undefined, { signal });
      }
    });
    await watched.show();
    if (stop.aborted) return 1;
    const ended = await readAll(store, indexes);
    for (const [position, name] of indexes.entries()) {
      const one = ended[position];
      if (one?.id !== id || one.state !== 'done') throw endedEarly(name, one);
      print(describe(`${settings.indexPrefix}${name}`, one));
    }
    return 0;
  } finally {
    redis.disconnect();
  }
}

async function cancel(
  { settings, log, stop, print }: CommandContext,
  indexes: readonly string[],
): Promise<number> {
  await whereverItRuns(
    { settings, log, stop },
    {
      running: (redis, retry) =>
        askService({ redis, name: settings.name, retry, signal: stop }).cancelReindex(indexes),
      // The next start drops what has been built so far.
      async alone(redis, retry) {
        const store = createReindexStore(redis, settings.name);
        let cancelled = 0;
        for (const name of indexes) {
          const one = await retry(() => store.read(name));
          if (one?.state !== 'running') continue;
          await retry(() => store.write(name, endReindex(one, 'cancelled', new Date())));
          cancelled++;
        }
        if (cancelled === 0) throw nothingToCancel();
      },
    },
  );
  print('cancelled: the indexes that serve go on');
  return 0;
}

function readAll(store: ReindexStore, indexes: readonly string[]): Promise<(Reindex | null)[]> {
  return Promise.all(indexes.map((name) => store.read(name)));
}

function describe(alias: string, { physical, before, keeps, counts }: Reindex): string {
  const compared = counts
    ? `: ${counts.documents.toLocaleString('en')} documents of ${counts.rows.toLocaleString('en')} rows`
    : '';
  const old = before ? `; ${before} is ${keeps ? 'kept, and not followed any more' : 'gone'}` : '';
  return `${alias} is ${physical ?? 'there'} now${compared}${old}`;
}

function endedEarly(name: string, reindex: Reindex | null | undefined): ProjectorError {
  const why = reindex?.reason ?? `it was ${reindex?.state ?? 'lost'}`;
  return new ProjectorError(
    'PROJ_REINDEX_ENDED',
    `the new index of ${name} does not serve: ${why}; the old one goes on`,
    "Give the command again; where the counts did not agree, see the service's log and `projector verify`.",
  );
}
