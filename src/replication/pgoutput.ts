import type { Decoder, ReplicationMessage, RowValues, TrackedTable } from './message.ts';
import { assertColumns, assertIdentity } from './tracked-table.ts';

export interface PgoutputOptions {
  readonly publication: string;
  /** Looks a table up by schema and name; undefined for one that nobody reads. */
  readonly track: (schema: string, name: string) => TrackedTable | undefined;
}

/** One relation of the stream: which of its columns are wanted, by position; -1 for those that are not. */
interface Relation {
  readonly table: TrackedTable | undefined;
  readonly positions: readonly number[];
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
        case 0x52: // R
          relations.set(buffer.readUInt32BE(1), readRelation(buffer, track));
          return null;
        default: // origins, types and logical messages
          return null;
      }
    },
  };
}

function readRelation(buffer: Buffer, track: PgoutputOptions['track']): Relation {
  const cursor = { at: 5 };
  const schema = readString(buffer, cursor) || 'pg_catalog';
  const name = readString(buffer, cursor);
  const table = track(schema, name);
  const isFull = buffer[cursor.at] === 0x66; // f
  cursor.at += 1;
  const names: string[] = [];
  const identity = new Set<string>();
  const count = buffer.readUInt16BE(cursor.at);
  cursor.at += 2;
  for (let i = 0; i < count; i++) {
    const isIdentity = isFull || (buffer.readUInt8(cursor.at) & 1) === 1;
    cursor.at += 1;
    const column = readString(buffer, cursor);
    cursor.at += 8; // type oid and modifier
    names.push(column);
    if (isIdentity) identity.add(column);
  }
  if (table) {
    assertColumns(table, table.columns, new Set(names));
    assertIdentity(table, identity);
  }
  return { table, positions: names.map((column) => table?.columns.indexOf(column) ?? -1) };
}

function readChange(buffer: Buffer, relation: Relation): ReplicationMessage | null {
  const { table } = relation;
  if (!table) return null;
  const cursor = { at: 6 };
  const tuple = (): RowValues => readTuple(buffer, cursor, relation);
  if (buffer[0] === 0x49) return { tag: 'change', table, kind: 'insert', old: null, new: tuple() };
  if (buffer[0] === 0x44) return { tag: 'change', table, kind: 'delete', old: tuple(), new: null };
  const hasOld = buffer[5] !== 0x4e; // K (the identity's columns) or O (the whole row), then N
  const old = hasOld ? tuple() : null;
  if (hasOld) cursor.at += 1;
  return { tag: 'change', table, kind: 'update', old, new: tuple() };
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

/**
 * Reads one tuple and leaves the cursor behind it. In a tuple of the identity's columns only (`K`), the others come as
 * nulls; since an identity's columns are not null, a null there reads as "not carried", which routing treats alike.
 */
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
      if (position >= 0) values[position] = buffer.toString('utf8', at, at + length);
      at += length;
    } else if (kind === 0x6e && position >= 0) {
      values[position] = null;
    }
  }
  cursor.at = at;
  return values;
}
