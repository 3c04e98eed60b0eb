import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReplicationMessage, TrackedTable } from '../../src/replication/message.ts';
import { createPgoutputDecoder } from '../../src/replication/pgoutput.ts';
import { describeTable } from '../../src/shared/table-description.ts';

const table: TrackedTable = {
  schema: 's',
  name: 't',
  columns: ['b', 'a'],
  description: describeTable({
    oid: 1,
    schema: 's',
    name: 't',
    columns: ['a', 'x', 'b'].map((name) => ({ name, typeOid: 25, typeModifier: -1 })),
  }),
};

test('a transaction is read with its 32-bit xid and its LSNs', () => {
  const begin = message('B', int64(0x1_0000_0002n), int64(0n), int32(0xffff_fffe));
  assert.deepEqual(decode(begin), { tag: 'begin', commitLsn: 0x1_0000_0002n, xid: 0xffff_fffe });
  const commit = message('C', int8(0), int64(5n), int64(9n), int64(0n));
  assert.deepEqual(decode(commit), { tag: 'commit', endLsn: 9n });
});

test('an insert gives the tracked columns only, in their order', () => {
  const insert = message('I', int32(1), 'N', tuple('1', 'skipped', 'two'));
  assert.deepEqual(decode(relation(), insert), {
    tag: 'change',
    table,
    kind: 'insert',
    old: null,
    new: ['two', '1'],
  });
});

test('an update gives the old row where the identity changed, and leaves an unchanged TOAST value out', () => {
  const update = message('U', int32(1), 'K', tuple('1', null, '3'), 'N', tuple('2', null, undefined));
  assert.deepEqual(decode(relation({ columns: identified }), update), {
    tag: 'change',
    table,
    kind: 'update',
    old: ['3', '1'],
    new: [undefined, '2'],
  });
  const plain = message('U', int32(1), 'N', tuple('1', '', 'ж'));
  assert.deepEqual(decode(relation({ columns: identified }), plain), {
    tag: 'change',
    table,
    kind: 'update',
    old: null,
    new: ['ж', '1'],
  });
});

test('what the replica identity does not tell of the row before is not told, be it null or left out', () => {
  const change = { tag: 'change', table } as const;
  const moved = message('U', int32(1), 'K', tuple('1', null, null), 'N', tuple('2', '', '3'));
  assert.deepEqual(decode(relation(), moved), {
    ...change,
    kind: 'update',
    old: [undefined, '1'],
    new: ['3', '2'],
  });
  const plain = message('U', int32(1), 'N', tuple('1', '', '3'));
  assert.deepEqual(decode(relation(), plain), {
    ...change,
    kind: 'update',
    old: [undefined, '1'],
    new: ['3', '1'],
  });
});

test('a column that the table had not, or not by its name, is not told', () => {
  const insert = message('I', int32(1), 'N', tuple('1', '2'));
  const columns = [
    ['a', true],
    ['former', false],
  ] as const;
  assert.deepEqual(decode(relation({ columns }), insert), {
    tag: 'change',
    table,
    kind: 'insert',
    old: null,
    new: [undefined, '1'],
  });
});

test('a row before that comes whole is told whole', () => {
  const update = message('U', int32(1), 'O', tuple('1', '', null), 'N', tuple('1', '', '3'));
  assert.deepEqual(decode(relation({ identity: 'f' }), update), {
    tag: 'change',
    table,
    kind: 'update',
    old: [null, '1'],
    new: ['3', '1'],
  });
});

test('a delete gives the old row', () => {
  const gone = message('D', int32(1), 'K', tuple('1', null, null));
  assert.deepEqual(decode(relation(), gone), {
    tag: 'change',
    table,
    kind: 'delete',
    old: [undefined, '1'],
    new: null,
  });
});

test('a truncate names the tracked tables, and one of others only is nothing', () => {
  const both = message('T', int32(2), int8(0), int32(1), int32(2));
  assert.deepEqual(decode(relation(), relation({ oid: 2, name: 'other' }), both), {
    tag: 'truncate',
    tables: [table],
  });
  const other = message('T', int32(1), int8(0), int32(2));
  assert.equal(decode(relation({ oid: 2, name: 'other' }), other), null);
});

test('changes of tables that nobody reads are skipped', () => {
  assert.equal(decode(relation({ oid: 2, name: 'other' }), message('I', int32(2), 'N', tuple('1'))), null);
});

test('a table that is described otherwise than it was read is told of, once for each description', () => {
  const exchanged = relation({
    columns: [
      ['b', true],
      ['x', false],
      ['a', false],
    ],
  });
  const told = { tag: 'relation', table };
  assert.deepEqual(decodeAll(relation(), relation()), [null, null]);
  assert.deepEqual(decodeAll(exchanged, exchanged, relation(), exchanged), [told, null, null, told]);
  assert.deepEqual(decodeAll(relation({ columns: [['a', true]] })), [told]);
  assert.deepEqual(decodeAll(relation({ oid: 2 })), [told]);
  assert.deepEqual(decodeAll(relation({ oid: 2, name: 'other' })), [null]);
});

/** With all that is tracked in the replica identity. */
const identified = [
  ['a', true],
  ['x', false],
  ['b', true],
] as const;

/** What the last of these messages decodes to. */
function decode(...messages: Buffer[]): ReplicationMessage | null {
  return decodeAll(...messages).at(-1) ?? null;
}

function decodeAll(...messages: Buffer[]): (ReplicationMessage | null)[] {
  const decoder = createPgoutputDecoder({
    publication: 'p',
    track: ({ schema, name }) => (schema === 's' && name === 't' ? table : undefined),
  });
  return messages.map((bytes) => decoder.decode(bytes));
}

interface RelationOptions {
  readonly oid?: number;
  readonly name?: string;
  readonly identity?: string;
  readonly columns?: readonly (readonly [name: string, isKey: boolean])[];
}

function relation(options: RelationOptions = {}): Buffer {
  const { oid = 1, name = 't', identity = 'd' } = options;
  const columns = options.columns ?? [
    ['a', true],
    ['x', false],
    ['b', false],
  ];
  const described = columns.map(([column, isKey]) =>
    Buffer.concat([int8(isKey ? 1 : 0), Buffer.from(`${column}\0`), int32(25), int32(0xffff_ffff)]),
  );
  return message('R', int32(oid), 's\0', `${name}\0`, identity, int16(columns.length), ...described);
}

/** Null is SQL's null; undefined an unchanged TOAST value. */
function tuple(...values: (string | null | undefined)[]): Buffer {
  const encoded = values.map((value) => {
    if (value === null) return Buffer.from('n');
    if (value === undefined) return Buffer.from('u');
    return Buffer.concat([Buffer.from('t'), int32(Buffer.byteLength(value)), Buffer.from(value)]);
  });
  return Buffer.concat([int16(values.length), ...encoded]);
}

function message(...parts: (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function int8(value: number): Buffer {
  return Buffer.from([value]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
