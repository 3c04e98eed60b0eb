import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from './compose-file.ts';

/** The settings in `postgres.conf`; a line that is neither a setting nor a comment fails. */
function readPostgresConf(): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of readFileSync(join(checkout, 'postgres.conf'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', quoted, plain = ''] = /^([a-z_]+) = (?:'([^']*)'|([\w.]+))$/.exec(line) ?? [];
    assert.notEqual(name, '', line);
    assert.ok(!settings.has(name), `${name} is set twice`);
    settings.set(name, quoted ?? plain);
  }
  return settings;
}

test('postgres.conf decodes the WAL logically, with room for more than one slot', () => {
  const settings = readPostgresConf();
  assert.equal(settings.get('wal_level'), 'logical');
  assert.ok(Number(settings.get('max_replication_slots')) >= 4);
  assert.ok(Number(settings.get('max_wal_senders')) >= 4);
});

test('postgres.conf bounds the WAL that a slot holds by its size, and by nothing else', () => {
  const settings = readPostgresConf();
  assert.match(settings.get('max_slot_wal_keep_size') ?? '', /^\d+GB$/);
  assert.equal(settings.get('idle_replication_slot_timeout'), '0');
});

test('postgres.conf listens where the other containers reach it', () => {
  assert.equal(readPostgresConf().get('listen_addresses'), '*');
});
