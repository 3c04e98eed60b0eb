import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReplicationMessage, Track, TrackedTable } from '../../src/replication/message.ts';
import { createWal2jsonDecoder } from '../../src/replication/wal2json.ts';

const table: TrackedTable = { schema: 's', name: 't', columns: ['b', 'a'], description: '' };
const at = `"schema":"s","table":"t"`;

test('a transaction is read with its 32-bit xid and its LSNs', () => {
  assert.deepEqual(decode('{"action":"B","xid":4294967294,"lsn":"1/2","nextlsn":"1/9"}'), {
    tag: 'begin',
    commitLsn: 0x1_0000_0002n,
    xid: 0xffff_fffe,
  });
  assert.deepEqual(decode('{"action":"C","xid":7,"lsn":"1/2","nextlsn":"1/9"}'), {
    tag: 'commit',
    endLsn: 0x1_0000_0009n,
  });
});

test('values are the text that Postgres writes, however wal2json writes them', () => {
  const value = (json: string, oid: number): unknown => {
    const columns = `[{"name":"a","typeoid":${oid},"value":${json}},{"name":"b","typeoid":25,"value":"x"}]`;
    const message = decode(`{"action":"I",${at},"columns":${columns}}`);
    return message?.tag === 'change' && message.new?.[1];
  };
  assert.equal(value('9007199254740993', 20), '9007199254740993');
  assert.equal(value('-1.0000000000000000000010', 1700), '-1.0000000000000000000010');
  assert.equal(value('1e-300', 701), '1e-300');
  assert.equal(value('true', 16), 't');
  assert.equal(value('false', 16), 'f');
  assert.equal(value('"00ff"', 17), '\\x00ff');
  assert.equal(value('null', 17), null);
  assert.equal(value('"{\\"value\\":1}\\n\\"value\\":2"', 25), '{"value":1}\n"value":2');
});

test('an update gives the identity as the row before, and leaves an unchanged TOAST value out', () => {
  const update = `{"action":"U",${at},"columns":[${text('b', '2')}],"identity":[${text('a', '1')}]}`;
  assert.deepEqual(decode(update), {
    tag: 'change',
    table,
    kind: 'update',
    old: [undefined, '1'],
    new: ['2', undefined],
  });
});

test('a delete gives the row before', () => {
  const gone = `{"action":"D",${at},"identity":[${text('a', '1')}]}`;
  const expected = { tag: 'change', table, kind: 'delete', old: [undefined, '1'], new: null };
  assert.deepEqual(decode(gone), expected);
});

test('what nobody reads is skipped, and so are logical messages of any content', () => {
  assert.equal(decode('{"action":"T","schema":"s","table":"other"}'), null);
  assert.equal(decode('{"action":"I","schema":"s","table":"other","columns":[]}'), null);
  assert.equal(decode('{"action":"M","content":"\x01'), null);
});

test('what a row before or after lacks is not told', () => {
  const insert = `{"action":"I",${at},"columns":[${text('a', '1')}]}`;
  assert.deepEqual(decode(insert), {
    tag: 'change',
    table,
    kind: 'insert',
    old: null,
    new: [undefined, '1'],
  });
  const gone = `{"action":"D",${at},"identity":[${text('c', '1')}]}`;
  const expected = { tag: 'change', table, kind: 'delete', old: [undefined, undefined], new: null };
  assert.deepEqual(decode(gone), expected);
});

function text(name: string, value: string): string {
  return JSON.stringify({ name, typeoid: 25, value });
}

function decode(message: string): ReplicationMessage | null {
  const track: Track = ({ schema, name }) => (schema === 's' && name === 't' ? table : undefined);
  return createWal2jsonDecoder({ tables: [table], track }).decode(Buffer.from(message));
}
