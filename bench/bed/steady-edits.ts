import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bed } from './bed.ts';
import { openLookout } from './lookout.ts';

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
/** The looking is to take little of what both are measured for. */
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
  const lookout = openLookout(bed, POLL_MS, signal);
  const awaited: Promise<void>[] = [];
  const arrivals: Arrival[] = [];
  const inserts: number[] = [];
  const state = { isEnding: false, committed: 0 };

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
    if (ordinal % LOOK_EVERY !== 0) return;
    const arrived = lookout.arrival(rows[0]?.id ?? '', title).then((ms) => {
      arrivals.push({ isInsert, committedMs, tookMs: ms - committedMs });
    });
    arrived.catch(() => undefined);
    awaited.push(arrived);
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
    await Promise.all(awaited);
  })();
  editing.catch(() => undefined);
  const end = async (): Promise<readonly Arrival[]> => {
    state.isEnding = true;
    await editing;
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
