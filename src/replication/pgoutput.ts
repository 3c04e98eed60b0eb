import { isUtf8 } from 'node:buffer';
import { describeTable, type DescribedColumn } from '../shared/table-description.ts';
import type { Decoder, ReplicationMessage, RowValues, Track, TrackedTable } from './message.ts';

export interface PgoutputOptions {
  readonly publication: string;
  readonly track: Track;
}

/** One relation of the stream, as it was when the changes were made that come after. */
interface Relation {
  readonly oid: number;
  readonly description: string;
  readonly table: TrackedTable | undefined;
  /** Which of its columns are wanted, by their positions; -1 for those that are not. */
  readonly positions: readonly number[];
  /** Which of the wanted columns the row before carries. */
  readonly identity: readonly boolean[];
}

/**
 * Decodes pgoutput's messages, reading only the tracked columns and skipping the bytes of all others. The library's
 * own parser makes every column of every row into a JavaScript value by its type; here values stay the text that
 * Postgres wrote, since a document's key is text.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export function createPgoutputDecoder({ publication, track }: PgoutputOptions): Decoder {
  const relations = new Map<number, Relation>();

  const relationAt = (buffer: Buffer, offset: number): Relation => {
    const oid = buffer.readUInt32BE(offset);
    const relation = relations.get(oid);
    if (!relation) throw new Error(`pgoutput: a row of relation ${oid} came before its description`);
    return relation;
  };

  return {
    plugin: 'pgoutput',
    start(client, slot, from) {
      const quoted = client.escapeLiteral(client.escapeIdentifier(publication));
      return client.query(
        `START_REPLICATION SLOT ${client.escapeIdentifier(slot)} LOGICAL ${from} ` +
          `(proto_version '1', publication_names ${quoted})`,
      );
    },
    decode(buffer) {
      switch (buffer[0]) {
        case 0x42: // B
          return { tag: 'begin', commitLsn: buffer.readBigUInt64BE(1), xid: buffer.readUInt32BE(17) };
        case 0x43: // C
          return { tag: 'commit', endLsn: buffer.readBigUInt64BE(10) };
        case 0x49: // I
        case 0x55: // U
        case 0x44: // D
          return readChange(buffer, relationAt(buffer, 1));
        case 0x54: // T
          return readTruncate(buffer, (offset) => relationAt(buffer, offset));
        case 0x52: {
          // R
          const relation = readRelation(buffer, track);
          const before = relations.get(relation.oid);
          relations.set(relation.oid, relation);
          const { table, description } = relation;
          const isNews = description !== table?.description && description !== before?.description;
          return table && isNews ? { tag: 'relation', table } : null;
        }
        default: // origins, types and logical messages
          return null;
      }
    },
  };
}

function readRelation(buffer: Buffer, track: Track): Relation {
  const oid = buffer.readUInt32BE(1);
  const cursor = { at: 5 };
  const schema = readString(buffer, cursor) || 'pg_catalog';
  const name = readString(buffer, cursor);
  const table = track({ schema, name, oid });
  const isFull = buffer[cursor.at] === 0x66; // f
  cursor.at += 1;
  const described: DescribedColumn[] = [];
  const identity = new Set<string>();
  const count = buffer.readUInt16BE(cursor.at);
  cursor.at += 2;
  for (let i = 0; i < count; i++) {
    const isIdentity = isFull || (buffer.readUInt8(cursor.at) & 1) === 1;
    cursor.at += 1;
    const column = readString(buffer, cursor);
    described.push({
      name: column,
      typeOid: buffer.readUInt32BE(cursor.at),
      typeModifier: buffer.readInt32BE(cursor.at + 4),
    });
    cursor.at += 8;
    if (isIdentity) identity.add(column);
  }
  const columns = table?.columns ?? [];
  return {
    oid,
    description: describeTable({ oid, schema, name, columns: described }),
    table,
    positions: described.map((column) => columns.indexOf(column.name)),
    identity: columns.map((column) => identity.has(column)),
  };
}

function readChange(buffer: Buffer, relation: Relation): ReplicationMessage | null {
  const { table, identity } = relation;
  if (!table) return null;
  const cursor = { at: 6 };
  const tuple = (): RowValues => readTuple(buffer, cursor, relation);
  /** Of a row before; what is outside the identity comes as null, or not at all. */
  const identified = (row: RowValues): RowValues =>
    row.map((value, column) => (identity[column] ? value : undefined));
  if (buffer[0] === 0x49) return { tag: 'change', table, kind: 'insert', old: null, new: tuple() };
  if (buffer[0] === 0x44)
    return { tag: 'change', table, kind: 'delete', old: identified(tuple()), new: null };
  const hasOld = buffer[5] !== 0x4e; // K (the identity's columns) or O (the whole row), then N
  const old = hasOld ? identified(tuple()) : null;
  if (hasOld) cursor.at += 1;
  const row = tuple();
  // Without a row before, the identity's columns are the same as after.
  const isKnown = hasOld || identity.every((isIdentity) => isIdentity);
  return { tag: 'change', table, kind: 'update', old: isKnown ? old : identified(row), new: row };
}

function readTruncate(buffer: Buffer, relationAt: (offset: number) => Relation): ReplicationMessage | null {
  const tables: TrackedTable[] = [];
  for (let i = 0; i < buffer.readUInt32BE(1); i++) {
    const { table } = relationAt(6 + 4 * i);
    if (table) tables.push(table);
  }
  return tables.length > 0 ? { tag: 'truncate', tables } : null;
}

function readString(buffer: Buffer, cursor: { at: number }): string {
  const end = buffer.indexOf(0, cursor.at);
  const text = buffer.toString('utf8', cursor.at, end);
  cursor.at = end + 1;
  return text;
}

/** Bytes that are no text, as a database in SQL_ASCII may have, tell no value. */
function readText(buffer: Buffer, from: number, to: number): string | undefined {
  const text = buffer.toString('utf8', from, to);
  return text.includes('\ufffd') && !isUtf8(buffer.subarray(from, to)) ? undefined : text;
}

/** Reads one tuple and leaves the cursor behind it. */
function readTuple(buffer: Buffer, cursor: { at: number }, relation: Relation): RowValues {
  const values = new Array<string | null | undefined>(relation.table?.columns.length ?? 0).fill(undefined);
  const count = buffer.readUInt16BE(cursor.at);
  let at = cursor.at + 2;
  for (let i = 0; i < count; i++) {
    const position = relation.positions[i] ?? -1;
    const kind = buffer[at++];
    if (kind === 0x74 || kind === 0x62) {
      const length = buffer.readUInt32BE(at);
      at += 4;
      if (position >= 0) values[position] = readText(buffer, at, at + length);
      at += length;
    } else if (kind === 0x6e && position >= 0) {
      values[position] = null;
    }
  }
  cursor.at = at;
  return values;
}
