import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { wantedVersions } from '../../../dev/stack/versions.ts';
import { PATIENCE_MS, type Service } from '../../service/support/service.ts';
import type { ServiceProcess } from '../../service/support/service-process.ts';
import { openSetting, type Setting } from '../../service/support/setting.ts';
import { oneOf, type Random, seeded, shuffled } from '../../support/random.ts';
import { eventually } from '../../support/wait.ts';
import { definitionChanges } from './definition-changes.ts';
import { type Definition, randomDefinition } from './definitions.ts';
import { firstRows, randomEdit } from './edits.ts';
import { expectedSql } from './expected.ts';
import type { Model } from './model.ts';
import { isTaken } from './refusals.ts';
import { schemaChanges, wholeRow, type SchemaChange } from './schema-changes.ts';
import { randomSchema } from './schema.ts';
import { connectWriter, startRandomWriters } from './writers.ts';

export interface RandomRunOptions {
  readonly seed: number;
  readonly rounds: number;
}

/** What has taken place. */
export interface Tally {
  edits: number;
  documents: number;
  /** By kind, changes of the schema and of the definitions that were made. */
  readonly made: Map<string, number>;
  /** By kind, those that Postgres refused. */
  readonly refused: Map<string, number>;
  starts: number;
}

const EDITS_A_ROUND = 60;
const MOST_CHANGES_A_ROUND = 5;
const WRITERS = 2;
const INTERVALS_MS = ['100', '250', '500'];

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
  const tally: Tally = { edits: 0, documents: 0, made: new Map(), refused: new Map(), starts: 0 };
  await using services = createKeeper(setting, random, tally);
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
        count(isMade ? tally.made : tally.refused, kind);
        if (!isMade) continue;
      } else count(tally.made, kind);
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
      for (let changes = random(1 + MOST_CHANGES_A_ROUND); changes > 0; changes--) await changeSchema();
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
      await admin.query(`alter publication ${database.name} add table ${nameOf(table)}`);
  }
}

function nameOf({ schema, name }: Model['tables'][number]): string {
  return `"${schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}"`;
}

/** Keeps a service running, which may end only where a change is what rightly ends it. */
interface Keeper extends AsyncDisposable {
  readonly isRunning: boolean;
  start(): void;
  /** Ends it, in order or by SIGKILL. */
  end(): Promise<void>;
  /** From now on until all has converged, it may end with these codes. */
  mayEnd(codes: readonly number[]): void;
  /** Waits until it has ended by itself, with a code that it may end with. */
  untilEnded(): Promise<void>;
  /** Starts one if there is none. */
  keepUp(): void;
  /** Waits until every document is what its rows make it; starts the service again where it has rightly ended. */
  untilConverged(): Promise<void>;
}

function createKeeper(setting: Setting, random: Random, tally: Tally): Keeper {
  const state: { service: Service | ServiceProcess | null; ended: string | null; codes: number[] } = {
    service: null,
    ended: null,
    codes: [],
  };
  const start = (): void => {
    const settings = { SCHEMA_CHECK_INTERVAL_MS: oneOf(random, INTERVALS_MS) };
    tally.starts++;
    const service = random(8) === 0 ? setting.spawn(settings) : setting.run(settings);
    Object.assign(state, { service, ended: null });
    void service.ended.then(({ code }) => {
      if (state.service === service) state.ended = `${code}`;
    });
  };
  /** Whether it has ended as it may; throws where it has otherwise. */
  const hasEnded = (): boolean => {
    const { service, ended, codes } = state;
    if (!service || ended === null) return service === null;
    assert.ok(
      codes.includes(Number(ended)),
      `the service has ended with ${ended}: ${service.log.slice(-3_000)}`,
    );
    state.service = null;
    return true;
  };
  return {
    get isRunning() {
      return state.service !== null;
    },
    start,
    async end() {
      if (hasEnded()) return;
      const { service, codes } = state;
      state.service = null;
      if (!service) return;
      if ('kill' in service) return service.kill();
      await service.stop().catch(async (error: unknown) => {
        // It may just have been ending by itself.
        if (!codes.includes((await service.ended).code ?? 0)) throw error;
      });
    },
    mayEnd: (codes) => state.codes.push(...codes),
    async untilEnded() {
      await state.service?.ended;
      assert.ok(hasEnded());
    },
    keepUp: () => {
      if (hasEnded()) start();
    },
    async untilConverged() {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        if (hasEnded()) start();
        const { service } = state;
        const converged = eventually(() => setting.assertConverged(deadline - performance.now()), {
          timeoutMs: PATIENCE_MS,
          what: 'every document to be what its rows make it',
        }).then(() => true);
        converged.catch(() => undefined);
        const ended = service?.ended.then(() => false);
        if (await Promise.race([converged, ended])) break;
      }
      state.codes = [];
    },
    async [Symbol.asyncDispose]() {
      await state.service?.[Symbol.asyncDispose]();
    },
  };
}

interface Deck<T> {
  /** All kinds, the rarest first. */
  draw(): [string, T][];
  made(kind: string): void;
}

/** Kinds of changes, so that each has its turn before another has its second. */
function createDeck<T>(random: Random, kinds: Readonly<Record<string, T>>): Deck<T> {
  const times = new Map<string, number>();
  return {
    draw: () =>
      shuffled(random, Object.entries(kinds)).sort(([a], [b]) => (times.get(a) ?? 0) - (times.get(b) ?? 0)),
    made: (kind) => count(times, kind),
  };
}

function count(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
