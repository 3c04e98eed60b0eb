export type ChangeKind = 'insert' | 'update' | 'delete' | 'truncate';

interface Table {
  readonly schema: string;
  readonly name: string;
}

/** Counts changes by table and kind. */
export interface ChangeTally {
  /** One more. In the hot path: an increment, while the changes are of the same table as the one before. */
  add(table: Table, kind: ChangeKind): void;
  counts(): { readonly table: string; readonly kind: ChangeKind; readonly count: number }[];
}

type Kinds = Record<ChangeKind, number>;

export function createChangeTally(): ChangeTally {
  const byName = new Map<string, Kinds>();
  /** A table is the same object while a session lasts. */
  const byTable = new WeakMap<Table, Kinds>();
  let last: { readonly table: Table; readonly kinds: Kinds } | undefined;

  const kindsOf = (table: Table): Kinds => {
    const known = byTable.get(table);
    if (known) return known;
    const name = `${table.schema}.${table.name}`;
    const kinds = byName.get(name) ?? { insert: 0, update: 0, delete: 0, truncate: 0 };
    byName.set(name, kinds);
    byTable.set(table, kinds);
    return kinds;
  };
  return {
    add(table, kind) {
      if (last?.table !== table) last = { table, kinds: kindsOf(table) };
      last.kinds[kind]++;
    },
    counts: () =>
      [...byName].flatMap(([table, kinds]) =>
        Object.entries(kinds).map(([kind, count]) => ({ table, kind: kind as ChangeKind, count })),
      ),
  };
}
