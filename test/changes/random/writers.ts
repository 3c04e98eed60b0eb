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
  /** Lets them make so many edits more; resolves once every transaction has ended. */
  goOn(edits: number): Promise<void>;
}

/** Starts writers, each on a connection of its own, that make random edits of the model's tables in random transactions. */
export function startRandomWriters(
  database: TestDatabase,
  model: Model,
  count: number,
  seed: number,
): RandomWriters {
  const state = { edits: 0, taken: 0, limit: 0, writing: 0, isEnding: false };
  const write = async (writer: number): Promise<void> => {
    await using client = await connectWriter(database);
    for (let ordinal = 0; !state.isEnding; ordinal++) {
      if (state.edits >= state.limit) {
        await delay(5);
        continue;
      }
      state.writing++;
      const { edits, taken } = await transaction(
        client,
        model,
        seeded(seed * 10_000 + ordinal * count + writer),
      );
      state.edits += edits;
      state.taken += taken;
      state.writing--;
    }
  };
  const finished = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  // Whoever has them go on is told.
  finished.catch(() => undefined);
  return {
    get taken() {
      return state.taken;
    },
    async goOn(edits) {
      const limit = (state.limit = state.edits + edits);
      const reached = waitFor(() => state.isEnding || (state.edits >= limit && state.writing === 0), {
        what: `${edits} edits`,
        timeoutMs: 300_000,
      });
      await Promise.race([reached, finished]);
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
