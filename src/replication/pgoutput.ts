import { AbstractPlugin } from 'pg-logical-replication';
import type { Client } from 'pg';
import { ProjectorError } from '../ops/errors.ts';
import type { ReplicationMessage, RowValues, TrackedTable } from './message.ts';

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
 * Decodes pgoutput's messages into `ReplicationMessage`s, reading only the tracked columns and skipping the bytes of
 * all others. The library's own parser makes every column of every row into a JavaScript value by its type; here
 * values stay the text that Postgres wrote, since a document's key is text.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export class PgoutputDecoder extends AbstractPlugin<PgoutputOptions> {
  private readonly relations = new Map<number, Relation>();

  get name(): string {
    return 'pgoutput';
  }

  start(client: Client, slotName: string, lastLsn: string): Promise<unknown> {
    const publication = client.escapeIdentifier(this.options.publication);
    return client.query(
      `START_REPLICATION SLOT ${client.escapeIdentifier(slotName)} LOGICAL ${lastLsn} ` +
        `(proto_version '1', publication_names ${client.escapeLiteral(publication)})`,
    );
  }

  /** One message of the stream, or null for what needs no handling. Throws when the bytes make no sense. */
  parse(buffer: Buffer): ReplicationMessage | null {
    switch (buffer[0]) {
      case 0x42: // B
        return { tag: 'begin', commitLsn: buffer.readBigUInt64BE(1), xid: buffer.readUInt32BE(17) };
      case 0x43: // C
        return { tag: 'commit', endLsn: buffer.readBigUInt64BE(10) };
      case 0x49: // I
        return this.insert(buffer);
      case 0x55: // U
        return this.update(buffer);
      case 0x44: // D
        return this.delete(buffer);
      case 0x54: // T
        return this.truncate(buffer);
      case 0x52: // R
        this.relation(buffer);
        return null;
      default: // origins, types and logical messages
        return null;
    }
  }

  private relation(buffer: Buffer): void {
    const oid = buffer.readUInt32BE(1);
    const cursor = { at: 5 };
    const schema = readString(buffer, cursor) || 'pg_catalog';
    const name = readString(buffer, cursor);
    const table = this.options.track(schema, name);
    cursor.at += 1; // replica identity
    const names: string[] = [];
    const count = buffer.readUInt16BE(cursor.at);
    cursor.at += 2;
    for (let i = 0; i < count; i++) {
      cursor.at += 1; // flags
      names.push(readString(buffer, cursor));
      cursor.at += 8; // type oid and modifier
    }
    const missing = table?.columns.filter((column) => !names.includes(column)) ?? [];
    if (missing.length > 0) {
      throw new ProjectorError(
        'PROJ_DEFINITION_UNKNOWN_NAME',
        `${schema}.${name} no longer has the column(s) ${missing.join(', ')} that a definition follows`,
        'Mend the definition (or put the column back) and start again; nothing is lost meanwhile.',
      );
    }
    this.relations.set(oid, {
      table,
      positions: names.map((column) => table?.columns.indexOf(column) ?? -1),
    });
  }

  private relationAt(buffer: Buffer, offset: number): Relation {
    const oid = buffer.readUInt32BE(offset);
    const relation = this.relations.get(oid);
    if (!relation) throw new Error(`pgoutput: a row of relation ${oid} came before its description`);
    return relation;
  }

  private insert(buffer: Buffer): ReplicationMessage | null {
    const relation = this.relationAt(buffer, 1);
    if (!relation.table) return null;
    return { tag: 'change', table: relation.table, kind: 'insert', old: null, new: readTuple(buffer, { at: 6 }, relation) };
  }

  private update(buffer: Buffer): ReplicationMessage | null {
    const relation = this.relationAt(buffer, 1);
    if (!relation.table) return null;
    const cursor = { at: 6 };
    const hasOld = buffer[5] !== 0x4e; // K (the identity's columns) or O (the whole row), before N
    const old = hasOld ? readTuple(buffer, cursor, relation) : null;
    if (hasOld) cursor.at += 1;
    return { tag: 'change', table: relation.table, kind: 'update', old, new: readTuple(buffer, cursor, relation) };
  }

  private delete(buffer: Buffer): ReplicationMessage | null {
    const relation = this.relationAt(buffer, 1);
    if (!relation.table) return null;
    return { tag: 'change', table: relation.table, kind: 'delete', old: readTuple(buffer, { at: 6 }, relation), new: null };
  }

  private truncate(buffer: Buffer): ReplicationMessage | null {
    const count = buffer.readUInt32BE(1);
    const tables: TrackedTable[] = [];
    for (let i = 0; i < count; i++) {
      const { table } = this.relationAt(buffer, 6 + 4 * i);
      if (table) tables.push(table);
    }
    return tables.length > 0 ? { tag: 'truncate', tables } : null;
  }
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
