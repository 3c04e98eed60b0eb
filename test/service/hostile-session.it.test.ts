import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connect } from '../../dev/stack/database.ts';
import { postgresAt } from '../../dev/stack/postgres.ts';
import type { OwnSchema } from './support/own-schema.ts';
import { openSetting } from './support/setting.ts';

/** What each of these would do to the service is in src/servers/session-settings.ts. */
const hostile: Readonly<Record<string, string>> = {
  TimeZone: 'Asia/Kathmandu',
  timezone_abbreviations: 'Australia',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  xmlbinary: 'hex',
  xmloption: 'document',
  array_nulls: 'off',
  search_path: 's, public',
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  default_text_search_config: 'pg_catalog.german',
  client_encoding: 'LATIN1',
  row_security: 'off',
  gin_fuzzy_search_limit: '1',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  default_transaction_read_only: 'on',
  exit_on_error: 'on',
  statement_timeout: '1ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
  idle_session_timeout: '1ms',
  tcp_user_timeout: '1ms',
  wal_sender_timeout: '1ms',
  enable_seqscan: 'off',
  enable_indexscan: 'off',
  plan_cache_mode: 'force_custom_plan',
  client_min_messages: 'debug1',
  synchronous_commit: 'off',
};

const own: OwnSchema = {
  sql: `
    create schema s;
    create table s.item (
      id text primary key, at timestamptz not null, lasts interval, ratio double precision, bytes bytea, name text,
      cost money
    );
    create table s.part ("Id" integer primary key, item_id text not null references s.item, note text);
    create index on s.part (item_id);
    insert into s.item values
      ('NULL', '2024-02-29 23:59:59.5+05:30', '-1 year 2 days 03:04:05.6', 0.1, '\\x00ff5c', 'a\\d', 1000),
      ('b', '2024-01-02 00:00Z', '1 day', 1e-7, null, null, null);
    insert into s.part select n, 'NULL', 'part ' || n from generate_series(1, 300) n;`,
  definitions: {
    'items.yaml': `
index: items
root: s.item
where: "name is null or name <> E'it\\\\'s'"
fields:
  id: id
  at: at
  lasts: lasts
  ratio: ratio
  bytes: bytes
  cost: cost
  slash: { expression: "name = 'a\\\\d'" }
  never: { expression: "name = null" }
  parts: { many: part, value: note, order: [value] }
`,
  },
  expected: {
    items: `
      select id, json_build_object(
        'id', id, 'at', at, 'lasts', lasts, 'ratio', ratio, 'bytes', bytes, 'cost', cost,
        'slash', name = 'a\\d', 'never', name = null,
        'parts', (select coalesce(json_agg(note order by note), '[]') from s.part where item_id = item.id))
      from s.item where name is null or name <> 'it''s'`,
  },
};

it('whatever the role and the database have set, documents are what the rows are, and nothing is ended', async (t) => {
  await using setting = await openSetting(t, { own });
  const { admin, database } = setting;
  const role = `${database.name}_hostile`;
  const { password } = postgresAt(database.adminUrl);
  const { rows } = await admin.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const settings = { ...hostile, ...((rows[0]?.version ?? 0) >= 170_000 && { transaction_timeout: '50ms' }) };
  await using elsewhere = await connect(postgresAt(database.adminUrl).urlOf('postgres'));
  await elsewhere.query(`create role ${role} login replication password '${password}' in role projector`);
  try {
    for (const [name, value] of Object.entries(settings)) {
      await elsewhere.query(`alter role ${role} set ${name} = '${value}'`);
      await elsewhere.query(`alter database ${database.name} set ${name} = '${value}'`);
    }
    const url = new URL(postgresAt(database.adminUrl).urlOf(database.name, role));
    for (const name of ['statement_timeout', 'lock_timeout', 'query_timeout'])
      url.searchParams.set(name, '1');
    const as = { DATABASE_URL: url.href };
    const checked = await setting.command(['check'], as);
    assert.equal(checked.code, 0, checked.stderr);
    await using service = setting.run(as);
    await service.untilStreaming();
    await admin.query(`insert into s.part select n, 'NULL', 'part ' || n from generate_series(301, 3000) n`);
    await admin.query(`update s.item set name = 'a\\d' where id = 'b'`);
    await setting.assertConverged();
    const { code, stdout } = await setting.command(['verify'], as);
    assert.equal(code, 0, stdout);
    await service.stop();
    assert.doesNotMatch(service.log, /beginning another|retrying/);
  } finally {
    await elsewhere.query(`alter database ${database.name} reset all`);
    await elsewhere.query(`drop role ${role}`);
  }
});
