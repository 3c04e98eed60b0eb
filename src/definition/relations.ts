import { type CatalogForeignKey, type CatalogTable, displayName } from './catalog.ts';
import type { Relation, TableNode } from './model.ts';
import type { Problem } from './problems.ts';

type Fault = Pick<Problem, 'code' | 'message'>;

/** The foreign key that relates two tables, and which of the two has it. */
interface Candidate {
  readonly foreignKey: CatalogForeignKey;
  readonly holder: 'parent' | 'child';
}

/** What leads from a node to a table by a foreign key, or what is wrong. */
export function findRelation(
  parent: TableNode,
  table: CatalogTable,
  cardinality: 'one' | 'many',
  via: readonly string[] | null,
): Relation | Fault {
  const outgoing = foreignKeysBetween(parent.table, table).map((foreignKey): Candidate => ({
    foreignKey,
    holder: 'parent',
  }));
  const incoming = foreignKeysBetween(table, parent.table).map((foreignKey): Candidate => ({
    foreignKey,
    holder: 'child',
  }));
  const single = incoming.filter(({ foreignKey }) => isUnique(table, foreignKey.columns));
  const candidates = cardinality === 'many' ? incoming : [...outgoing, ...single];

  const fitting = via
    ? candidates.filter(({ foreignKey }) => isSameSet(foreignKey.columns, via))
    : candidates;
  // A unique foreign key to the table itself can be followed both ways; its holder's way comes first.
  const [chosen, other] = via ? fitting.slice(0, 1) : fitting;
  if (chosen && !other) return toRelation(parent, chosen);

  const [from, to] = [displayName(parent.table), displayName(table)];
  if (chosen) {
    const message = `several foreign keys fit between ${from} and ${to}; choose ${listVia(candidates)}`;
    return { code: 'PROJ_DEFINITION_AMBIGUOUS', message };
  }
  if (via && candidates.length > 0) {
    const message = `no foreign key on ${via.join(', ')} fits between ${from} and ${to}; there is ${listVia(candidates)}`;
    return { code: 'PROJ_DEFINITION_UNKNOWN_NAME', message };
  }
  const hint =
    cardinality === 'many'
      ? outgoing.length > 0 && `; ${from} points to it: use \`one:\``
      : incoming.length > 0 && '; several of its rows may point here: use `many:`';
  const way =
    cardinality === 'many' ? `from ${to} to ${from}` : `from ${from} to ${to}, nor a unique one back`;
  return { code: 'PROJ_DEFINITION_UNKNOWN_NAME', message: `there is no foreign key ${way}${hint || ''}` };
}

function toRelation(parent: TableNode, { foreignKey, holder }: Candidate): Relation {
  const { columns, referencedColumns } = foreignKey;
  return holder === 'parent'
    ? { parent, parentColumns: columns, columns: referencedColumns }
    : { parent, parentColumns: referencedColumns, columns };
}

function foreignKeysBetween(from: CatalogTable, to: CatalogTable): CatalogForeignKey[] {
  return from.foreignKeys.filter(({ referencedOid }) => referencedOid === to.oid);
}

function isUnique(table: CatalogTable, columns: readonly string[]): boolean {
  return table.uniqueKeys.some((key) => key.every((column) => columns.includes(column)));
}

export function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

function listVia(candidates: readonly Candidate[]): string {
  const texts = candidates.map(({ foreignKey: { columns } }) => {
    const [only, another] = columns;
    return another === undefined ? `\`via: ${only ?? ''}\`` : `\`via: [${columns.join(', ')}]\``;
  });
  return [...new Set(texts)].join(' or ');
}
