/** A table as the replication stream describes it before the changes of its rows. */
export interface DescribedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** Without those that are generated. */
  readonly columns: readonly DescribedColumn[];
}

export interface DescribedColumn {
  readonly name: string;
  readonly typeOid: number;
  /** The type's modifier (a length, a precision), or -1. */
  readonly typeModifier: number;
}

/** A table's description as one text: another one where the table, or a column of it, is another. */
export function describeTable({ oid, schema, name, columns }: DescribedTable): string {
  const described = columns.map((column) => [column.name, column.typeOid, column.typeModifier]);
  return JSON.stringify([oid, schema, name, described]);
}
