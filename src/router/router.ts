import type { Plan, Route, WatchedTable } from '../definition/plan.ts';
import { tableReference } from '../definition/sql.ts';
import type { RowChange, RowValues, TrackedTable } from '../replication/message.ts';
import { ProjectorError } from '../ops/errors.ts';
import { keyToId } from '../shared/document-key.ts';

/** The key values from which one route's lookup starts, each once. */
export interface PendingLookup {
  readonly index: string;
  readonly route: Route;
  /** Parallel arrays of text, one per column of the route. */
  readonly values: string[][];
}

export interface Router {
  /** Finds the table that a change belongs to, and which of its columns routing needs. */
  track(schema: string, name: string): TrackedTable | undefined;
  /** Routes one change: `affect` is told the ids its columns give directly; lookups are gathered. */
  route(change: RowChange, affect: (index: string, id: string) => void): void;
  /** The lookups gathered since the last call, deduplicated. */
  takeLookups(): PendingLookup[];
  /** How many lookup keys are gathered. */
  readonly gathered: number;
  /** The indexes that read a truncated table, and whether it is their root. */
  truncated(table: TrackedTable): { index: string; isRoot: boolean }[];
}

interface CompiledRoute {
  readonly route: Route;
  /** Where the route's columns lie in a change's values. */
  readonly positions: readonly number[];
}

interface TrackedRoutes extends TrackedTable {
  readonly watched: WatchedTable;
  readonly routes: readonly CompiledRoute[];
}

/** Maps row changes to affected ids, by the plan's routes, from the row before and the row after. */
export function createRouter(plan: Plan): Router {
  const tables = new Map<string, TrackedRoutes>(
    plan.tables.map((watched) => [tableReference(watched), trackRoutes(watched)]),
  );
  let lookups = new Map<Route, Map<string, string[]>>();
  let gathered = 0;

  const gather = (route: Route, values: string[]): void => {
    let keys = lookups.get(route);
    if (!keys) lookups.set(route, (keys = new Map<string, string[]>()));
    const key = keyToId(values);
    if (keys.has(key)) return;
    keys.set(key, values);
    gathered++;
  };

  const follow = (
    { route, positions }: CompiledRoute,
    row: RowValues,
    affect: (index: string, id: string) => void,
  ): void => {
    const values: string[] = [];
    for (const position of positions) {
      const value = row[position];
      if (value === null) return; // a null refers to nothing
      if (value === undefined) throw unroutable(route);
      values.push(value);
    }
    if (route.lookup === null) affect(route.index, keyToId(values));
    else gather(route, values);
  };

  return {
    track: (schema, name) => tables.get(tableReference({ schema, name })),
    route(change, affect) {
      const { routes } = change.table as TrackedRoutes;
      for (const compiled of routes) {
        if (change.kind === 'insert' && !compiled.route.onInsert) continue;
        if (change.old) follow(compiled, change.old, affect);
        if (change.new) follow(compiled, withUnchanged(change.new, change.old), affect);
      }
    },
    takeLookups() {
      const taken = [...lookups].map(([route, keys]) => ({
        index: route.index,
        route,
        values: route.columns.map((_, column) => [...keys.values()].map((values) => values[column] ?? '')),
      }));
      lookups = new Map();
      gathered = 0;
      return taken;
    },
    get gathered() {
      return gathered;
    },
    truncated(table) {
      const { watched } = table as TrackedRoutes;
      const indexes = new Set([...watched.routes.map((route) => route.index), ...watched.rootOf]);
      return [...indexes].map((index) => ({ index, isRoot: watched.rootOf.includes(index) }));
    },
  };
}

/** An unchanged TOAST value is the old row's, where that came whole. */
function withUnchanged(row: RowValues, old: RowValues | null): RowValues {
  return old && row.includes(undefined) ? row.map((value, position) => value ?? old[position]) : row;
}

/** A TOASTed key that an update left unchanged does not come with it. */
function unroutable(route: Route): ProjectorError {
  return new ProjectorError(
    'PROJ_PREFLIGHT',
    `a change came without a value of ${route.columns.join(', ')}, from which its ${route.index} documents are found`,
    'Give the table REPLICA IDENTITY FULL, then run `projector snapshot`.',
  );
}

function trackRoutes(watched: WatchedTable): TrackedRoutes {
  const columns = [...new Set(watched.routes.flatMap((route) => route.columns))];
  return {
    schema: watched.schema,
    name: watched.name,
    columns,
    identityColumns: watched.identityColumns,
    watched,
    routes: watched.routes.map((route) => ({
      route,
      positions: route.columns.map((column) => columns.indexOf(column)),
    })),
  };
}
