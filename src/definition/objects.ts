import type { ClientBase } from 'pg';
import type { BasisPart } from './basis.ts';
import { objectsSql, typesSql } from './objects-sql.ts';

/** Something of the database's that an expression uses, by the system catalog that it is in: `pg_proc`, `pg_type`, … */
export interface ObjectReference {
  readonly catalog: string;
  readonly oid: number;
}

/** What columns' types and expressions rest on below the tables. What comes with Postgres itself is left out. */
export interface CatalogObjects {
  /** By the type's oid: what it is made of at any depth. */
  readonly types: ReadonlyMap<number, readonly BasisPart[]>;
  /** By `objectKey`: the version of an object and of all that it uses; another one where any of it was replaced. */
  readonly versions: ReadonlyMap<string, string>;
}

interface TypeRow {
  type: number;
  part: number;
  made_of: string;
  labels: number[];
  label_versions: string[];
  functions: number[];
}

interface ObjectRow extends ObjectReference {
  version: string;
}

export function objectKey({ catalog, oid }: ObjectReference): string {
  return `${catalog} ${oid}`;
}

/** Reads what types (by their oids) and objects are made of. */
export async function readObjects(
  client: ClientBase,
  typeOids: readonly number[],
  references: readonly ObjectReference[],
): Promise<CatalogObjects> {
  const isType = ({ catalog }: ObjectReference): boolean => catalog === 'pg_type';
  const tops = [...typeOids, ...references.filter(isType).map(({ oid }) => oid)];
  const { rows } = await client.query<TypeRow>(typesSql, [[...new Set(tops)]]);
  const casts = rows.flatMap(({ functions }) => functions.map((oid) => ({ catalog: 'pg_proc', oid })));
  const others = [...references.filter((one) => !isType(one)), ...casts];
  const distinct = [...new Map(others.map((one) => [objectKey(one), one])).values()];
  const versions = new Map<string, string>();
  if (distinct.length > 0) {
    const columns = [distinct.map(({ catalog }) => catalog), distinct.map(({ oid }) => oid)];
    const { rows: objects } = await client.query<ObjectRow>(objectsSql, columns);
    for (const object of objects) versions.set(objectKey(object), object.version);
  }
  const types = new Map<number, BasisPart[]>();
  for (const row of rows) types.set(row.type, [...(types.get(row.type) ?? []), ...typeParts(row, versions)]);
  return { types, versions };
}

/** A label that has come only adds to what values there can be, so each is a part of its own. */
function typeParts(row: TypeRow, versions: ReadonlyMap<string, string>): BasisPart[] {
  const casts = row.functions.map((oid) => versions.get(objectKey({ catalog: 'pg_proc', oid })) ?? '');
  return [
    { what: `type ${row.part}`, is: [row.made_of, ...casts].join('; ') },
    ...row.labels.map((oid, position) => ({
      what: `label ${oid}`,
      is: row.label_versions[position] ?? '',
    })),
  ];
}
