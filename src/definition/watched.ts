import { describeTable } from '../shared/table-description.ts';
import { type CatalogTable, columnOf } from './catalog.ts';
import { type Expression, nodesOf, type ResolvedIndex, visit } from './model.ts';
import type { ObjectReference } from './objects.ts';
import type { WatchedTable } from './plan.ts';
import { indexRoutes } from './routes.ts';

/** What an expression uses. */
export interface ExpressionUse {
  /** The columns that it reads. */
  readonly columns: readonly string[];
  /** Functions, operators, types and others that are no part of Postgres itself. */
  readonly objects: readonly ObjectReference[];
}

/** What expressions use; null when that is not known, which counts as every column. */
export type ExpressionUses = (expression: Expression) => ExpressionUse | null;

/** Every table that the indexes read, with the routes of its changes; in the order of their names. */
export function watchedTables(indexes: readonly ResolvedIndex[], uses: ExpressionUses): WatchedTable[] {
  const routes = indexes.flatMap(indexRoutes);
  const read = readColumns(indexes, uses);
  return [...read.entries()]
    .map(([table, columns]): WatchedTable => {
      const own = routes.filter((route) => route.table.oid === table.oid).map(({ route }) => route);
      const inOrder = (names: ReadonlySet<string>): string[] =>
        table.columns.map(({ name }) => name).filter((name) => names.has(name));
      return {
        oid: table.oid,
        schema: table.schema,
        name: table.name,
        partitioned: table.kind === 'partitioned table',
        description: describeTable({
          ...table,
          columns: table.columns.filter(({ isGenerated }) => !isGenerated),
        }),
        identityColumns: inOrder(new Set(own.flatMap((route) => route.columns))),
        readColumns: inOrder(columns),
        routes: own,
        rootOf: indexes
          .filter(({ root }) => root.table.oid === table.oid)
          .map(({ definition }) => definition.as ?? definition.spec.index),
      };
    })
    .sort((a, b) => (`${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1));
}

/** Every column of every table that the document queries, their order and the routes depend on. */
function readColumns(
  indexes: readonly ResolvedIndex[],
  uses: ExpressionUses,
): Map<CatalogTable, Set<string>> {
  const read = new Map<CatalogTable, Set<string>>();
  const add = (table: CatalogTable, names: readonly string[]): void => {
    const known = read.get(table) ?? new Set();
    for (const name of names) known.add(name);
    read.set(table, known);
  };
  const addExpression = (expression: Expression): void =>
    add(expression.table, uses(expression)?.columns ?? expression.table.columns.map(({ name }) => name));
  for (const index of indexes) {
    for (const { table, relation, where } of nodesOf(index)) {
      add(table, table.primaryKey);
      if (where) addExpression(where);
      if (!relation) continue;
      add(table, relation.columns);
      add(relation.parent.table, relation.parentColumns);
    }
    visit(index.document, index.root, {
      value: (value, { table }) => {
        if (value.kind === 'column') add(table, [columnOf(table, value.column.name).name]);
        if (value.kind === 'expression') addExpression(value.expression);
      },
    });
  }
  return read;
}
