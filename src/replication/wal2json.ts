import { z } from 'zod';
import { parseLsn } from '../shared/lsn.ts';
import type { Decoder, ReplicationMessage, RowValues, Track, TrackedTable } from './message.ts';

export interface Wal2jsonOptions {
  /** Every table whose changes are wanted. */
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
  readonly track: Track;
}

const beginSchema = z.object({ xid: z.number(), lsn: z.string() });
const commitSchema = z.object({ nextlsn: z.string() });
const valuesSchema = z.array(
  z.object({ name: z.string(), typeoid: z.number(), value: z.union([z.string(), z.boolean(), z.null()]) }),
);
const tableSchema = z.object({ schema: z.string(), table: z.string() });
const changeSchema = tableSchema.extend({
  columns: valuesSchema.default([]),
  identity: valuesSchema.default([]),
});

/** One row's values by column, as text; those that the message did not carry are absent. */
type Row = ReadonlyMap<string, string | null>;

/**
 * Decodes wal2json's format-version 2, a JSON object a message, into what pgoutput's messages decode to. A row before
 * a change is always there, since wal2json makes it out of the new one where the identity has not changed.
 * https://github.com/eulerto/wal2json (2.5 and newer)
 */
export function createWal2jsonDecoder({ tables, track }: Wal2jsonOptions): Decoder {
  const readChange = (kind: 'insert' | 'update' | 'delete', text: string): ReplicationMessage | null => {
    const change = changeSchema.parse(JSON.parse(quoteNumbers(text)));
    const table = track({ schema: change.schema, name: change.table });
    if (!table) return null;
    return {
      tag: 'change',
      table,
      kind,
      old: kind === 'insert' ? null : valuesOf(table, toRow(change.identity)),
      new: kind === 'delete' ? null : valuesOf(table, toRow(change.columns)),
    };
  };

  return {
    plugin: 'wal2json',
    start(client, slot, from) {
      const options = {
        'format-version': '2',
        'include-xids': 'true',
        'include-lsn': 'true',
        // Their names come as broken JSON where they need quotes.
        'include-types': 'false',
        'include-type-oids': 'true',
        actions: 'insert, update, delete, truncate',
        'add-tables': tables.map(({ schema, name }) => `${escape(schema)}.${escape(name)}`).join(','),
      };
      const list = Object.entries(options).map(
        ([name, value]) => `"${name}" '${value.replaceAll("'", "''")}'`,
      );
      return client.query(
        `START_REPLICATION SLOT ${client.escapeIdentifier(slot)} LOGICAL ${from} (${list.join(', ')})`,
      );
    },
    decode(buffer) {
      const text = buffer.toString('utf8');
      switch (text[ACTION_POSITION]) {
        case 'B': {
          const { lsn, xid } = beginSchema.parse(JSON.parse(text));
          return { tag: 'begin', commitLsn: parseLsn(lsn), xid };
        }
        case 'C':
          return { tag: 'commit', endLsn: parseLsn(commitSchema.parse(JSON.parse(text)).nextlsn) };
        case 'I':
          return readChange('insert', text);
        case 'U':
          return readChange('update', text);
        case 'D':
          return readChange('delete', text);
        case 'T': {
          const { schema, table: name } = tableSchema.parse(JSON.parse(text));
          const table = track({ schema, name });
          return table ? { tag: 'truncate', tables: [table] } : null;
        }
        case 'M': // a logical message, whose content need not be text
          return null;
        default:
          throw new Error('wal2json: a message of an unknown kind');
      }
    },
  };
}

const ACTION_POSITION = '{"action":"'.length;

/** As `add-tables` wants names: a backslash before everything special. */
function escape(name: string): string {
  return name.replace(/[^\w\u0080-\uffff]/g, '\\$&');
}

/**
 * Keeps the digits of numbers as Postgres wrote them: as JSON's numbers they would be rounded. Within a string there
 * are backslashes before quotes, so that `"value":` is nothing but the name.
 */
function quoteNumbers(text: string): string {
  return text.replace(/"value":([-+.\deE]+)/g, '"value":"$1"');
}

const BYTEA_OID = 17;

/** Undoes what wal2json makes of booleans and of bytea in their text. */
function toRow(values: z.infer<typeof valuesSchema>): Row {
  return new Map(
    values.map(({ name, typeoid, value }) => {
      if (typeof value === 'boolean') return [name, value ? 't' : 'f'];
      return [name, typeoid === BYTEA_OID && value !== null ? `\\x${value}` : value];
    }),
  );
}

function valuesOf(table: TrackedTable, row: Row): RowValues {
  return table.columns.map((column) => row.get(column));
}
