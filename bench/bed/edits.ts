import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { ask, type Bed } from './bed.ts';
import { openLookout } from './lookout.ts';

export interface CommitsOptions {
  readonly commits: number;
  /** On so many films, by turns; on all, where there are fewer. */
  readonly films: number;
  /** Another one gives other ratings. */
  readonly round: number;
}

/** Commits transactions that change a row each. */
export async function singleRowCommits(
  client: Client,
  { commits, films, round }: CommitsOptions,
): Promise<void> {
  await client.query(`
    do $$
    declare
      films uuid[] := array(select id from content.film_work order by id limit ${films});
    begin
      set local synchronous_commit = off;
      for i in 0..${commits - 1} loop
        update content.film_work set rating = (i + ${round}) % 10 + 0.5 where id = films[i % cardinality(films) + 1];
        commit;
      end loop;
    end
    $$`);
}

export interface PacedEditsOptions {
  readonly edits: number;
  readonly perSecond: number;
  /** Begin the next one only when the last one has arrived, too. */
  readonly oneByOne?: boolean;
  /** What an edit arrives in: the document that is got by its id, or what a search finds. */
  readonly until: 'readable' | 'searchable';
  /** It is looked for with pauses of so many ms. */
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** Retitles films, each in a transaction of its own, and gives how long after its commit each arrived, in ms. */
export async function pacedEdits(bed: Bed, options: PacedEditsOptions): Promise<number[]> {
  const { edits, perSecond, oneByOne = false, until, pollMs, signal } = options;
  await using client = await connect(bed.adminUrl);
  const { rows } = await client.query<{ id: string }>(
    'select id from content.film_work order by md5(id::text) limit $1',
    [edits],
  );
  const lookout = openLookout(bed, pollMs, signal);
  const arrivals: Promise<number>[] = [];
  const startedMs = performance.now();
  for (const [position, { id }] of rows.entries()) {
    await sleep(Math.max(0, startedMs + (position * 1_000) / perSecond - performance.now()), undefined, {
      signal,
    });
    const word = `edited${position}x${Math.round(startedMs)}`;
    await client.query('update content.film_work set title = $2 where id = $1', [id, word]);
    const committedMs = performance.now();
    const arrived = (
      until === 'readable' ? lookout.arrival(id, word) : found(bed, { id, title: word, pollMs, signal })
    ).then((arrivedMs) => arrivedMs - committedMs);
    arrived.catch(() => undefined);
    if (oneByOne) await arrived;
    arrivals.push(arrived);
  }
  return await Promise.all(arrivals);
}

interface Sought {
  readonly id: string;
  readonly title: string;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** Resolves with the time at which a search finds it. */
async function found(bed: Bed, { id, title, pollMs, signal }: Sought): Promise<number> {
  const query = { bool: { filter: [{ ids: { values: [id] } }, { match: { title } }] } };
  while ((await ask<{ count: number }>(bed, 'movies/_count', { query })).count !== 1)
    await sleep(pollMs, undefined, { signal });
  return performance.now();
}
