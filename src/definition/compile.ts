import { createHash } from 'node:crypto';
import { type Catalog, columnOf } from './catalog.ts';
import { documentSql } from './document-sql.ts';
import type { Definition } from './load.ts';
import { mappingProblems } from './mappings.ts';
import { expressionsOf, type ResolvedIndex } from './model.ts';
import type { IndexPlan, Plan } from './plan.ts';
import { type Problem, throwProblems } from './problems.ts';
import { resolveDefinition } from './resolve.ts';
import { countSql, keyPages, rowVersionSql } from './routes.ts';
import { type ExpressionUses, watchedTables } from './watched.ts';

/** Compiles definitions for the database that the catalog describes. Throws one error for everything that is wrong. */
export function compilePlan(
  definitions: readonly Definition[],
  catalog: Catalog,
  uses: ExpressionUses = () => null,
): Plan {
  return planOf(resolveAll(definitions, catalog), uses);
}

/** Finds all that the definitions name, and checks it. Throws one error for everything that is wrong. */
export function resolveAll(definitions: readonly Definition[], catalog: Catalog): ResolvedIndex[] {
  const problems: Problem[] = [];
  const indexes = definitions.flatMap((definition) => {
    const index = resolveDefinition(definition, catalog, problems);
    if (index) problems.push(...mappingProblems(index));
    return index ?? [];
  });
  throwProblems(problems);
  return indexes;
}

export function planOf(indexes: readonly ResolvedIndex[], uses: ExpressionUses): Plan {
  return {
    indexes: indexes.map((index) => indexPlan(index, uses)),
    tables: watchedTables(indexes, uses),
  };
}

function indexPlan(index: ResolvedIndex, uses: ExpressionUses): IndexPlan {
  const watched = watchedTables([index], uses);
  const { definition, root } = index;
  const { spec } = definition;
  const { schema, name } = root.table;
  const key = root.table.primaryKey.map((column) => ({
    name: column,
    type: columnOf(root.table, column).type,
  }));
  const statements = {
    documentSql: documentSql(index),
    keyPages: keyPages(root),
    rowPages: keyPages({ ...root, where: null }),
    rowVersionSql: rowVersionSql(root),
    countSql: countSql(root),
  };
  const routes = watched.map((table) => table.routes.map((route) => ({ ...route, index: spec.index })));
  return {
    name: definition.as ?? spec.index,
    alias: spec.index,
    root: { schema, name },
    key,
    ...statements,
    reads: watched.map((table) => ({ schema: table.schema, name: table.name, columns: table.readColumns })),
    hash: fingerprint({ spec, sql: statements.documentSql }),
    compiled: fingerprint({ key, statements, routes }),
    objects: expressionsOf(index).flatMap((expression) => uses(expression)?.objects ?? []),
    settings: spec.settings,
    mappings: spec.mappings,
    definition: spec,
    locate: definition.locate,
  };
}

/** The first 16 digits of the SHA-256 of a value's canonical JSON: keys in order. */
function fingerprint(value: unknown): string {
  const canonical = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16);
}
