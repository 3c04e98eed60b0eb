import { type CatalogTable, columnOf, displayName } from './catalog.ts';

/**
 * What keeps a table's changes from reaching the stream, or its rows from reaching a document; empty when nothing does
 * (invariant 11).
 */
export function tableFaults(table: CatalogTable, role: string): string[] {
  const name = displayName(table);
  if (table.kind !== 'table' && table.kind !== 'partitioned table') {
    return [
      `${name} is a ${table.kind}: its changes are not in the replication stream; read the tables below it`,
    ];
  }
  const faults: string[] = [];
  if (table.kind === 'table' && table.storage.length > 1) {
    faults.push(`${name} has tables that inherit from it, whose rows would come under other names`);
  }
  for (const storage of table.storage) {
    const relation = displayName(storage);
    if (storage.kind !== 'table') {
      faults.push(
        `${relation}, of ${name}, is a ${storage.kind}: its changes are not in the replication stream`,
      );
    } else if (storage.persistence !== 'permanent') {
      const mend = storage.persistence === 'unlogged' ? `; alter table ${relation} set logged` : '';
      faults.push(
        `${relation} is ${storage.persistence}: its changes are not in the replication stream${mend}`,
      );
    }
  }
  if (table.rowSecurity === 'may hide') {
    faults.push(
      `row level security may hide rows of ${name} from ${role}; alter role ${role} bypassrls, ` +
        `or create policy projector on ${name} for select to ${role} using (true)`,
    );
  }
  for (const column of table.primaryKey) {
    if (columnOf(table, column).type.endsWith('[]')) {
      faults.push(`the key column ${name}.${column} is an array, which is not supported`);
    }
  }
  return [...faults, ...startFaults(table, table.primaryKey)];
}

/** What keeps columns from being where routes start: keys, and this side's columns of a relation. */
export function startFaults(table: CatalogTable, columns: readonly string[]): string[] {
  const generated = columns
    .filter((name) => columnOf(table, name).isGenerated)
    .map((name) => `${displayName(table)}.${name} is generated, so that changes come without it`);
  return [...generated, ...joinFaults(table, columns)];
}

/** What keeps columns from being joined by. */
export function joinFaults(table: CatalogTable, columns: readonly string[]): string[] {
  return columns.flatMap((name) => {
    const { type, hasBuiltInOperators } = columnOf(table, name);
    if (hasBuiltInOperators) return [];
    return `${displayName(table)}.${name} is of type ${type}, whose equality is not Postgres' own: it cannot be a key here`;
  });
}
