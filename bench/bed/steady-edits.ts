import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ask, type Bed } from './bed.ts';

export interface SteadyEditsOptions {
  readonly perSecond: number;
  /** Films that are left alone. */
  readonly except: readonly string[];
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/** An edit that has come into its document. Times are this process's, in ms. */
export interface Arrival {
  readonly isInsert: boolean;
  readonly committedMs: number;
  /** From its commit's answer until its document, got by its id, shows it. */
  readonly tookMs: number;
}

/** Transactions of one row each, begun at even intervals, however long each takes. */
export interface SteadyEdits extends AsyncDisposable {
  /** How many edits have been committed so far. */
  readonly committed: number;
  /** How many films had been added by then. */
  insertedBy(ms: number): number;
  /** How many of these could be got by their ids by then. */
  readableBy(ms: number): number;
  /** Begins no more, waits until all have arrived, and gives those that were looked for. */
  end(): Promise<readonly Arrival[]>;
}

/** Of so many edits, one adds a film; the others retitle one, each another. */
const INSERT_EVERY = 20;
/** Of so many edits, one is looked for, each that adds a film among them: the looking costs Elasticsearch more than the edits. */
const LOOK_EVERY = 4;
const CONNECTIONS = 8;
/** One request asks for all that have not arrived, and is to take little of what both are measured for. */
const POLL_MS = 20;

export async function openSteadyEdits(bed: Bed, options: SteadyEditsOptions): Promise<SteadyEdits> {
  const { perSecond, except, signal } = options;
  const pool = new pg.Pool({ connectionString: bed.adminUrl, max: CONNECTIONS });
  const { rows: films } = await pool.query<{ id: string }>(
    'select id from content.film_work where id <> all ($1) order by md5(id::text)',
    [except],
  );
  // Another one each time: what was edited so before has not arrived by that.
  const word = `edited${Math.round(performance.now())}`;
  const outstanding = new Map<string, Omit<Arrival, 'tookMs'> & { readonly title: string }>();
  const arrivals: Arrival[] = [];
  const inserts: number[] = [];
  const state = { isEnding: false, isDone: false, committed: 0 };

  const edit = async (ordinal: number): Promise<void> => {
    const title = `${word} ${ordinal}`;
    const isInsert = ordinal % INSERT_EVERY === 0;
    const { rows } = isInsert
      ? await pool.query<{ id: string }>('insert into content.film_work (title) values ($1) returning id', [
          title,
        ])
      : await pool.query<{ id: string }>(
          'update content.film_work set title = $1 where id = $2 returning id',
          [title, films[ordinal % films.length]?.id],
        );
    const committedMs = performance.now();
    if (isInsert) inserts.push(committedMs);
    state.committed++;
    if (ordinal % LOOK_EVERY === 0) outstanding.set(rows[0]?.id ?? '', { title, isInsert, committedMs });
  };
  const editing = (async () => {
    const startedMs = performance.now();
    const under: Promise<void>[] = [];
    for (let ordinal = 0; !state.isEnding; ordinal++) {
      await sleep(Math.max(0, startedMs + (ordinal * 1_000) / perSecond - performance.now()), undefined, {
        signal,
      });
      under.push(edit(ordinal));
    }
    await Promise.all(under);
    state.isDone = true;
  })();
  const looking = (async () => {
    while (!state.isDone || outstanding.size > 0) {
      signal.throwIfAborted();
      const asked = [...outstanding];
      if (asked.length > 0) {
        const { docs } = await ask<{ docs: { _id: string; _source?: { title: string } }[] }>(
          bed,
          'movies/_mget?_source_includes=title',
          { ids: asked.map(([id]) => id) },
        );
        const nowMs = performance.now();
        const titles = new Map(docs.map(({ _id, _source }) => [_id, _source?.title]));
        for (const [id, { title, isInsert, committedMs }] of asked) {
          if (titles.get(id) !== title) continue;
          outstanding.delete(id);
          arrivals.push({ isInsert, committedMs, tookMs: nowMs - committedMs });
        }
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  })();
  const both = Promise.all([editing, looking]);
  both.catch(() => undefined);
  const end = async (): Promise<readonly Arrival[]> => {
    state.isEnding = true;
    await both;
    return arrivals;
  };
  return {
    get committed() {
      return state.committed;
    },
    insertedBy: (ms) => inserts.filter((committedMs) => committedMs <= ms).length,
    readableBy: (ms) =>
      arrivals.filter(({ isInsert, committedMs, tookMs }) => isInsert && committedMs + tookMs <= ms).length,
    end,
    async [Symbol.asyncDispose]() {
      await end().catch(() => undefined);
      await pool.end();
    },
  };
}
