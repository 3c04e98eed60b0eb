/** A column as the replication stream describes it. */
export interface StreamColumn {
  readonly name: string;
  readonly typeOid: number;
  /** The type's modifier (a length, a precision), or -1. */
  readonly typeModifier: number;
}

/** The columns of a table as one text, which is the same where they are. */
export function describeColumns(columns: readonly StreamColumn[]): string {
  return JSON.stringify(columns.map(({ name, typeOid, typeModifier }) => [name, typeOid, typeModifier]));
}
