import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { type Random, seeded } from '../../support/random.ts';
import type { TestDatabase } from '../../support/servers.ts';
import { waitFor } from '../../support/wait.ts';
import { randomEdit } from './edits.ts';
import type { Model } from './model.ts';
import { isTaken } from './refusals.ts';

/** Writers at work. Disposing ends them. */
export interface RandomWriters extends AsyncDisposable {
  /** Edits that Postgres has taken so far, those among them that were rolled back later. */
  readonly taken: number;
  /** Has them edit while something happens, and make so many edits at least; resolves once every transaction has ended. */
  during(atLeast: number, happens: () => Promise<void>): Promise<void>;
}

/** Pauses between two transactions of a writer, so that they last as long as the changes do. */
const MOST_PAUSE_MS = 30;

/** Starts writers, each on a connection of its own, that make random edits of the model's tables in random transactions. */
export function startRandomWriters(
  database: TestDatabase,
  model: Model,
  count: number,
  seed: number,
): RandomWriters {
  const state = { edits: 0, taken: 0, isOn: false, writing: 0, isEnding: false };
  const write = async (writer: number): Promise<void> => {
    await using client = await connectWriter(database);
    for (let ordinal = 0; !state.isEnding; ordinal++) {
      const random = seeded(seed * 10_000 + ordinal * count + writer);
      await delay(random(MOST_PAUSE_MS));
      if (!state.isOn) continue;
      state.writing++;
      const { edits, taken } = await transaction(client, model, random);
      state.edits += edits;
      state.taken += taken;
      state.writing--;
    }
  };
  const finished = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  // Whoever has them edit is told.
  finished.catch(() => undefined);
  return {
    get taken() {
      return state.taken;
    },
    async during(atLeast, happens) {
      const least = state.edits + atLeast;
      const until = (condition: () => boolean): Promise<unknown> =>
        Promise.race([finished, waitFor(() => state.isEnding || condition(), { timeoutMs: 60_000 })]);
      state.isOn = true;
      try {
        await Promise.race([finished, happens()]);
        await until(() => state.edits >= least);
      } finally {
        state.isOn = false;
      }
      await until(() => state.writing === 0);
    },
    async [Symbol.asyncDispose]() {
      state.isEnding = true;
      await finished.catch(() => undefined);
    },
  };
}

/** A session that finds a deadlock soon, and does not wait for long. */
export async function connectWriter(database: TestDatabase): Promise<Client & AsyncDisposable> {
  const client = await database.connect();
  await client.query(`set deadlock_timeout = '20ms'; set lock_timeout = '2s'; set timezone = 'UTC'`);
  return client;
}

/** One transaction: a few edits, now and then without triggers; committed or rolled back, in part or as a whole. */
async function transaction(
  client: Client,
  model: Model,
  random: Random,
): Promise<{ edits: number; taken: number }> {
  const edits = 1 + random(8);
  let taken = 0;
  await client.query('begin');
  if (random(8) === 0) await client.query('set local session_replication_role = replica');
  for (let edit = 0; edit < edits; edit++) {
    await client.query('savepoint edit');
    const isDone = await isTaken(client, randomEdit(random, model), { mayBeOutdated: true });
    if (isDone) taken++;
    await client.query(isDone && random(12) > 0 ? 'release edit' : 'rollback to edit');
  }
  if (random(10) === 0) await client.query('rollback');
  else if (!(await isTaken(client, 'commit'))) taken = 0;
  return { edits, taken };
}
