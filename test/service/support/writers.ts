import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { DatabaseError } from 'pg';
import { below, chance, randomOf, type Random } from '../../../dev/load/random.ts';
import { isTransientPostgresError } from '../../../src/servers/postgres.ts';
import type { TestDatabase } from '../../support/servers.ts';
import { waitFor } from '../../support/wait.ts';
import { randomEdit } from './edits.ts';

/** Writers at work. Disposing ends them. */
export interface Writers extends AsyncDisposable {
  /**
   * Lets them go on until so many more edits are done, those that were rolled back among them; resolves once every
   * transaction has ended. The last transactions may make more of them.
   */
  goOn(edits: number): Promise<void>;
}

/**
 * Starts writers, each on a connection of its own, that make random edits in random transactions. When their
 * connection breaks they open another, for as long as it takes.
 */
export function startWriters(database: TestDatabase, count: number, seed: number): Writers {
  const state = { edits: 0, limit: 0, writing: 0, isEnding: false };
  const write = async (writer: number): Promise<void> => {
    const open = (): Promise<Client> => waitFor(() => connect(database), { timeoutMs: 300_000 });
    let client = await open();
    for (let ordinal = 0; !state.isEnding; ordinal++) {
      if (state.edits >= state.limit) {
        await delay(5);
        continue;
      }
      state.writing++;
      try {
        state.edits += await transaction(client, randomOf(seed * 1_000 + writer, ordinal));
      } catch (error) {
        if (!(error instanceof Error && isTransientPostgresError(error))) throw error;
        await client.end().catch(() => undefined);
        client = await open();
      }
      state.writing--;
    }
    await client.end();
  };
  const finished = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  return {
    async goOn(edits) {
      const limit = (state.limit = state.edits + edits);
      const reached = waitFor(() => state.edits >= limit && state.writing === 0, {
        what: `${edits} edits`,
        timeoutMs: 300_000,
      });
      await Promise.race([reached, finished]);
    },
    async [Symbol.asyncDispose]() {
      state.isEnding = true;
      await finished;
    },
  };
}

async function connect(database: TestDatabase): Promise<Client> {
  const client = await database.connect();
  // Writers meet often: they find a deadlock soon, and do not wait for long.
  await client.query(`set deadlock_timeout = '20ms'; set lock_timeout = '2s'`);
  return client;
}

/** One transaction: mostly a few edits, seldom many; committed or rolled back, with savepoints. Gives their number. */
async function transaction(client: Client, random: Random): Promise<number> {
  const size = chance(random, 0.03) ? 200 : 1 + below(random, 12);
  try {
    await client.query('begin');
    for (let edit = 0; edit < size; edit++) await oneOrTwo(client, random);
    await client.query(chance(random, 0.1) ? 'rollback' : 'commit');
  } catch (error) {
    if (!isConflict(error)) throw error;
    await client.query('rollback');
  }
  return size;
}

async function oneOrTwo(client: Client, random: Random): Promise<void> {
  if (!chance(random, 0.15)) {
    await randomEdit(random)(client, random);
    return;
  }
  await client.query('savepoint before');
  await randomEdit(random)(client, random);
  await client.query(chance(random, 0.5) ? 'rollback to before' : 'release before');
}

/** What writers meet who edit the same rows: a link that is there already, a film that is gone, a lock, a deadlock. */
function isConflict(error: unknown): boolean {
  const conflicts = ['23505', '23503', '40P01', '55P03'];
  return error instanceof DatabaseError && conflicts.includes(error.code ?? '');
}
