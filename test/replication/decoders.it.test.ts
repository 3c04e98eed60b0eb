import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from 'pg';
import { wantedVersions } from '../../dev/stack/versions.ts';
import type {
  Decoder,
  ReplicationMessage,
  RowChange,
  Track,
  TrackedTable,
} from '../../src/replication/message.ts';
import { createPgoutputDecoder } from '../../src/replication/pgoutput.ts';
import { createSlot, dropSlot } from '../../src/replication/slot.ts';
import { openStream } from '../../src/replication/stream.ts';
import { createWal2jsonDecoder } from '../../src/replication/wal2json.ts';
import { parseLsn } from '../../src/shared/lsn.ts';
import { createDatabase, type TestDatabase } from '../support/servers.ts';
import { eventually } from '../support/wait.ts';

const skip = !wantedVersions().wal2json && 'this Postgres has not wal2json (make test DECODER=wal2json)';

/** Names with everything that has to be quoted somewhere. */
const odd = { schema: `S, "d".*'\\ é`, table: `T.a "b", *'\\ж`, column: `c "d":'\\ 🎬` };

/** A table of which more is tracked than its replica identity has. */
interface Tracked extends TrackedTable {
  readonly identityColumns: readonly string[];
}

const keys: Tracked = {
  schema: odd.schema,
  name: odd.table,
  columns: [odd.column, 'big', 'flag', 'raw', 'at', 'mood', 'exact', 'letters', 'uid', 'json'],
  identityColumns: [odd.column],
  description: '',
};
const links: Tracked = {
  schema: 'public',
  name: 'link',
  columns: ['a', 'b'],
  identityColumns: ['a', 'b'],
  description: '',
};
const whole: Tracked = {
  schema: 'public',
  name: 'whole',
  columns: ['a', 'long'],
  identityColumns: ['a'],
  description: '',
};
const tables = [keys, links, whole];
const track: Track = ({ schema, name }) =>
  tables.find((table) => table.schema === schema && table.name === name);

describe('wal2json and pgoutput', { skip }, () => {
  let database: TestDatabase;
  let client: Client & AsyncDisposable;
  const quote = (name: string): string => client.escapeIdentifier(name);

  before(async () => {
    database = await createDatabase({ schema: 'none' });
    client = await database.connect();
    const key = `${quote(odd.schema)}.${quote(odd.table)}`;
    await client.query(`
      create schema ${quote(odd.schema)};
      create type ${quote(odd.schema)}."Mood ""x""" as enum ('"so', 'so');
      create domain public.exact as numeric;
      create table ${key} (
        ${quote(odd.column)} text primary key, big bigint, flag boolean, raw bytea, at timestamptz,
        mood ${quote(odd.schema)}."Mood ""x""", exact public.exact, letters text[], uid uuid, json jsonb
      );
      create table public.link (id bigserial primary key, a int not null, b numeric(20, 0) not null);
      create unique index link_identity on public.link (a, b);
      alter table public.link replica identity using index link_identity;
      create table public.whole (a int, long text);
      alter table public.whole replica identity full;
      create table public.unread (a int primary key);
      create publication ${database.name} for table ${key}, public.link, public.whole`);
  });
  after(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
  });

  it('carry the same changes, values, transactions and positions', async () => {
    const decoders = [
      createPgoutputDecoder({ publication: database.name, track }),
      createWal2jsonDecoder({ tables, track }),
    ];
    const slots = decoders.map(({ plugin }) => `${database.name}_${plugin}`);
    for (const [i, decoder] of decoders.entries()) await createSlot(client, slots[i] ?? '', decoder.plugin);
    await makeChanges();
    const [byPgoutput = [], byWal2json = []] = await Promise.all(
      decoders.map((decoder, i) => readUpToEnd(slots[i] ?? '', decoder)),
    );
    // Postgres may notice a little later that a stream has been closed.
    for (const slot of slots) await eventually(() => dropSlot(client, slot));
    assert.ok(byPgoutput.length > 40);
    assert.deepEqual(byWal2json, byPgoutput);
  });

  /** Statements that are a transaction each, or more than one. */
  async function makeChanges(): Promise<void> {
    const key = `${quote(odd.schema)}.${quote(odd.table)}`;
    const id = quote(odd.column);
    const long = `(select string_agg(md5(i::text), '') from generate_series(1, 1000) i)`;
    const text = `E'a\\n\\t"value":12,\\\\"value":12 \\x01 🎬'`;
    for (const sql of [
      `insert into ${key} values (${text}, 9007199254740993, true, '\\x00ff', '2020-02-03 04:05:06.789+02', '"so',
        1.000000000000000000010, array['a,b', '"', null], '00000000-0000-0000-0000-000000000001', '{"value":1}')`,
      `insert into ${key} values ('', null, null, null, null, null, 'NaN', '{}', null, 'null')`,
      `update ${key} set flag = false, big = -1, raw = '' where ${id} = ${text}`,
      `update ${key} set ${id} = 'other' where ${id} = ${text}`,
      `update ${key} set json = to_jsonb(${long}) where ${id} = 'other'`,
      `update ${key} set big = 2 where ${id} = 'other'`,
      `delete from ${key}`,
      `insert into link (a, b) select i, 12345678901234567890 + i from generate_series(1, 3) i`,
      `update link set id = id + 100`,
      `update link set a = a + 10, b = b + 1 where a < 3`,
      `delete from link where a > 10`,
      `insert into whole values (null, ${long}), (1, 'short')`,
      `update whole set a = 2`,
      `update whole set long = null where long = 'short'`,
      `delete from whole`,
      `insert into unread values (1)`,
      `begin; insert into whole values (1); savepoint s; insert into whole values (2); rollback to s;
       insert into whole values (3); insert into unread values (4); commit`,
      `begin; insert into whole values (5); rollback`,
      `begin; insert into whole values (6); prepare transaction '${database.name}'`,
      `insert into whole values (7)`,
      `commit prepared '${database.name}'`,
      `begin; insert into whole values (8); alter table whole add column more int default 3;
       update whole set more = 4 where a = 8; commit`,
      `truncate link, whole restart identity cascade`,
      `begin; insert into whole values (9); truncate whole; insert into whole values (10); commit`,
      `select pg_logical_emit_message(true, 'x', 'y'), pg_logical_emit_message(false, 'x', '\\xff00'::bytea)`,
    ])
      await client.query(sql);
  }

  /** Every message up to what is committed now, in the terms that the two share. */
  async function readUpToEnd(slot: string, decoder: Decoder): Promise<ReplicationMessage[]> {
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
    const end = parseLsn(rows[0]?.lsn ?? '');
    await using stream = await openStream({
      databaseUrl: database.adminUrl,
      slot,
      decoder,
      from: 0n,
      queueBytes: 2 ** 30,
      walSenderTimeoutMs: 60_000,
      silenceMs: 30_000,
    });
    const messages: ReplicationMessage[] = [];
    for (;;) {
      for (const message of await stream.read(1_000, AbortSignal.timeout(30_000))) {
        if (message.tag !== 'keepalive') messages.push(message);
        else if (message.walEnd >= end) return withoutNothing(messages.flatMap(inCommon));
      }
    }
  }
});

/**
 * A truncate of several tables is one of each. A row before is what the tracked identity has of it, and where the
 * stream has none because it is the same, that of the row after.
 */
function inCommon(message: ReplicationMessage): ReplicationMessage[] {
  if (message.tag === 'truncate')
    return message.tables.map((table) => ({ tag: 'truncate', tables: [table] }));
  // wal2json describes no tables.
  if (message.tag === 'relation') return [];
  if (message.tag !== 'change') return [message];
  const old: RowChange['old'] = message.kind === 'insert' ? null : (message.old ?? message.new);
  const { columns, identityColumns } = message.table as Tracked;
  return [{ ...message, old: old && old.filter((_, i) => identityColumns.includes(columns[i] ?? '')) }];
}

/** Without the transactions that change nothing, of which not every version of Postgres tells. */
function withoutNothing(messages: readonly ReplicationMessage[]): ReplicationMessage[] {
  const isEmpty = (i: number): boolean => messages[i]?.tag === 'begin' && messages[i + 1]?.tag === 'commit';
  return messages.filter((_, i) => !isEmpty(i) && !isEmpty(i - 1));
}
