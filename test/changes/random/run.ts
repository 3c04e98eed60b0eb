import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { wantedVersions } from '../../../dev/stack/versions.ts';
import { openSetting, type Setting } from '../../service/support/setting.ts';
import { oneOf, type Random, seeded } from '../../support/random.ts';
import { eventually } from '../../support/wait.ts';
import { createDeck } from './deck.ts';
import { definitionChanges } from './definition-changes.ts';
import { type Definition, randomDefinition } from './definitions.ts';
import { firstRows, randomEdit } from './edits.ts';
import { expectedSql } from './expected.ts';
import { createKeeper } from './keeper.ts';
import { type Model, reference } from './model.ts';
import { isTaken } from './refusals.ts';
import { schemaChanges, wholeRow, type SchemaChange } from './schema-changes.ts';
import { randomSchema } from './schema.ts';
import { count, newTally, ofDefinitions, type Tally } from './tally.ts';
import { connectWriter, startRandomWriters } from './writers.ts';

export interface RandomRunOptions {
  readonly seed: number;
  readonly rounds: number;
}

const EDITS_A_ROUND = 60;
/** Mostly one alone: what another has read again would hide what it has not. */
const CHANGES_A_ROUND = [0, 1, 1, 1, 1, 2, 3, 6];
const WRITERS = 2;

/**
 * Makes a random schema with random definitions, and changes both at random while rows are edited. After each round, every
 * document is compared with its rows.
 */
export async function runAtRandom(t: TestContext, options: RandomRunOptions): Promise<Tally> {
  const journal: string[] = [];
  try {
    return await run(t, options, journal);
  } catch (error) {
    t.diagnostic(journal.join('\n'));
    t.diagnostic(inspect(error));
    throw error;
  }
}

async function run(t: TestContext, { seed, rounds }: RandomRunOptions, journal: string[]): Promise<Tally> {
  const random = seeded(seed);
  const { wal2json, postgres } = wantedVersions();
  const { model, sql } = randomSchema(random, { partitions: !wal2json });
  const state = { definitions: firstDefinitions(random, model) };
  const texts = (): Record<string, string> =>
    Object.fromEntries(state.definitions.map((one) => [`${one.index}.yaml`, JSON.stringify(one)]));
  const expected = (): Record<string, string> =>
    Object.fromEntries(state.definitions.map((one) => [one.index, expectedSql(model, one)]));
  journal.push(sql, JSON.stringify(state.definitions, null, 1));
  await using setting = await openSetting(t, { own: { sql, definitions: texts(), expected: expected() } });
  const { admin, database } = setting;
  const publication = database.name;
  await admin.query(`set timezone = 'UTC'; set deadlock_timeout = '20ms'; set lock_timeout = '5s'`);
  for (const edit of firstRows(random, model)) await isTaken(admin, edit);
  await publishTwins(setting, model);
  await using writers = startRandomWriters(database, model, WRITERS, seed);
  await using changer = await connectWriter(database);
  const tally = newTally();
  await using services = createKeeper(setting, random);
  services.start();
  const decks = {
    schema: createDeck(random, schemaChanges),
    definitions: createDeck(random, definitionChanges),
  };

  const changeSchema = async (): Promise<void> => {
    for (const [kind, make] of decks.schema.draw()) {
      const change = make({
        random,
        model,
        definitions: state.definitions,
        publication,
        major: postgres.major,
      });
      if (!change) continue;
      journal.push(`-- ${kind}`, ...change.statements);
      const isMade = await changeWhole(change);
      journal.push(isMade ? '-- made' : '-- refused');
      count(isMade ? tally.made : tally.refused, kind);
      if (!isMade) continue;
      decks.schema.made(kind);
      return;
    }
  };

  const changeWhole = async ({
    statements,
    undo = [],
    stops = [],
    apply,
  }: SchemaChange): Promise<boolean> => {
    services.mayEnd(stops);
    for (const statement of statements) {
      if (await isTaken(changer, statement)) continue;
      await changer.query('rollback');
      return false;
    }
    apply?.();
    if (undo.length === 0) return true;
    for (let edits = random(20); edits > 0; edits--)
      await isTaken(changer, randomEdit(random, model), { mayBeOutdated: true });
    if (stops.length > 0 && random(3) === 0) await services.untilEnded();
    for (const statement of undo) {
      journal.push(statement);
      await eventually(async () => {
        if (await isTaken(changer, statement)) return;
        await changer.query('rollback');
        throw new Error('Postgres refuses it');
      });
    }
    return true;
  };

  const changeDefinitions = async (): Promise<void> => {
    for (const [kind, make] of decks.definitions.draw()) {
      const change = make(random, model, state.definitions);
      if (!change) continue;
      const { statement, apply } = change;
      journal.push(`-- ${kind}`, JSON.stringify(change.definitions, null, 1));
      if (statement === undefined || random(2) === 0) await services.end();
      else services.mayEnd([2]);
      if (statement !== undefined) {
        journal.push(statement);
        const isMade = await isTaken(changer, statement);
        count(isMade ? tally.made : tally.refused, ofDefinitions(kind));
        if (!isMade) continue;
      } else count(tally.made, ofDefinitions(kind));
      apply?.();
      state.definitions = [...change.definitions];
      if (services.isRunning) await services.untilEnded();
      await setting.define({ definitions: texts(), expected: expected() });
      // It may meet a deadlock with those who edit.
      await eventually(async () => {
        const { code, stderr } = await setting.command(['init']);
        assert.equal(code, 0, stderr);
      });
      decks.definitions.made(kind);
      return;
    }
  };

  for (let round = 1; round <= rounds; round++) {
    journal.push(`-- round ${round}`);
    await writers.during(EDITS_A_ROUND, async () => {
      for (let changes = oneOf(random, CHANGES_A_ROUND); changes > 0; changes--) await changeSchema();
      if (random(3) === 0) await changeDefinitions();
      services.keepUp();
    });
    await setting.define({ expected: expected() });
    await services.untilConverged();
    for (const { index } of state.definitions) tally.documents += (await setting.documents(index)).length;
  }
  tally.edits = writers.taken;
  const { code, stdout, stderr } = await setting.command(['verify']);
  assert.equal(code, 0, stdout + stderr);
  await services.end();
  return tally;
}

function firstDefinitions(random: Random, model: Model): Definition[] {
  return Array.from({ length: 2 + random(2) }, (_, position) =>
    randomDefinition(random, model, `i${position}`),
  );
}

/** Tables whose names may be exchanged are published both, as they would be who exchange them. */
async function publishTwins({ admin, database }: Setting, { tables }: Model): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    'select tablename as name from pg_publication_tables where pubname = $1',
    [database.name],
  );
  const published = new Set(rows.map(({ name }) => name));
  for (const table of tables.filter(({ twin }) => twin !== null)) {
    await admin.query(wholeRow(table));
    if (!published.has(table.name))
      await admin.query(`alter publication ${database.name} add table ${reference(table)}`);
  }
}
