import type { Plan, Route, WatchedTable } from '../definition/plan.ts';
import { tableReference } from '../definition/sql.ts';
import type { RowChange, RowValues, Track, TrackedTable } from '../replication/message.ts';
import { keyToId } from '../shared/document-key.ts';

/** The key values from which one route's lookup starts, each once. */
export interface PendingLookup {
  readonly index: string;
  readonly route: Route;
  /** Parallel arrays of text, one per column of the route. */
  readonly values: string[][];
}

export interface Router {
  /**
   * Finds the table that a change belongs to, and which of its columns routing needs: by its oid, since a table may have
   * had another name at the time; else by its name, since it may have been another table then.
   */
  readonly track: Track;
  /**
   * Routes one change: `affect` is told the ids its columns give directly; lookups are gathered. `affectAny` is told an
   * index of whose documents any may be affected, as far as the change tells.
   */
  route(
    change: RowChange,
    affect: (index: string, id: string) => void,
    affectAny: (index: string, isRoot: boolean) => void,
  ): void;
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
  readonly rootOf: ReadonlySet<string>;
  readonly routes: readonly CompiledRoute[];
}

/** Maps row changes to affected ids, by the plan's routes, from the row before and the row after. */
export function createRouter(plan: Plan): Router {
  const tracked = plan.tables.map(trackRoutes);
  const byOid = new Map(tracked.map((table) => [table.watched.oid, table]));
  const byName = new Map(tracked.map((table) => [tableReference(table), table]));
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
    affectAny: (index: string) => void,
  ): void => {
    const values: string[] = [];
    for (const position of positions) {
      const value = row[position];
      if (value === null) return; // a null refers to nothing
      if (value === undefined) return affectAny(route.index);
      values.push(value);
    }
    if (route.lookup === null) affect(route.index, keyToId(values));
    else gather(route, values);
  };

  return {
    track: (table) => byOid.get(table.oid ?? 0) ?? byName.get(tableReference(table)),
    route(change, affect, affectAny) {
      const { routes, rootOf } = change.table as TrackedRoutes;
      const any = (index: string): void => affectAny(index, rootOf.has(index));
      for (const compiled of routes) {
        if (change.old) follow(compiled, change.old, affect, any);
        if (change.new) follow(compiled, withUnchanged(change.new, change.old), affect, any);
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
      const { watched, rootOf } = table as TrackedRoutes;
      const indexes = new Set([...watched.routes.map((route) => route.index), ...rootOf]);
      return [...indexes].map((index) => ({ index, isRoot: rootOf.has(index) }));
    },
  };
}

/** An unchanged TOAST value is the old row's, where that came whole. */
function withUnchanged(row: RowValues, old: RowValues | null): RowValues {
  return old && row.includes(undefined) ? row.map((value, position) => value ?? old[position]) : row;
}

function trackRoutes(watched: WatchedTable): TrackedRoutes {
  const columns = [...new Set(watched.routes.flatMap((route) => route.columns))];
  return {
    schema: watched.schema,
    name: watched.name,
    columns,
    description: watched.description,
    watched,
    rootOf: new Set(watched.rootOf),
    routes: watched.routes.map((route) => ({
      route,
      positions: route.columns.map((column) => columns.indexOf(column)),
    })),
  };
}
