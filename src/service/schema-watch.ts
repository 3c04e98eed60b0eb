import { setTimeout as delay } from 'node:timers/promises';
import { basisOf, changedParts, compareBasis, type Basis } from '../definition/basis.ts';
import type { Catalog } from '../definition/catalog.ts';
import type { Plan } from '../definition/plan.ts';
import { objectsOf, type PreparedPlan } from '../definition/prepare.ts';
import { atOneMoment, readCatalog } from '../definition/read-catalog.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Settings } from '../config/settings.ts';
import { readPublished } from '../replication/publication.ts';
import { BeginAgainError } from './begin-again.ts';
import type { InPostgres } from './connections.ts';
import { findProblems } from './preflight.ts';

export interface SchemaWatchOptions {
  readonly settings: Settings;
  readonly inPostgres: InPostgres;
  readonly plan: PreparedPlan;
  /** What the documents of each index rest on, by the index's name. */
  readonly bases: ReadonlyMap<string, Basis>;
  /** Told of an index whose basis has more to it by now, and is otherwise the same. */
  readonly onExtended: (index: string, basis: Basis) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface SchemaWatch {
  /** Looks at intervals until aborted; rejects when the session cannot go on as it has begun. */
  run(): Promise<never>;
  /** Has it look now. */
  look(): void;
}

/**
 * Watches what the stream does not tell of, or tells too late: that columns were exchanged, a table left the publication,
 * a partition was attached or detached, or a replica identity does not suffice any more (invariant 11).
 */
export function createSchemaWatch(options: SchemaWatchOptions): SchemaWatch {
  const { settings, inPostgres, plan, onExtended, signal } = options;
  const bases = new Map(options.bases);
  const schemas = [...new Set(plan.tables.map(({ schema }) => schema))];
  let wake: (() => void) | undefined;

  const check = async (): Promise<void> => {
    // A rename between two statements would look like two faults.
    const { catalog, published, problems } = await inPostgres((client) =>
      atOneMoment(client, async () => {
        const current = await readCatalog(client, schemas, objectsOf(plan));
        return {
          catalog: current,
          published: await readPublished(client, settings),
          problems: await findProblems(client, { ...plan, catalog: current }, settings),
        };
      }),
    );
    for (const index of recompile(plan, catalog).indexes) {
      const known = bases.get(index.name)?.parts ?? [];
      const now = basisOf(index, catalog, published);
      const become = compareBasis(known, now);
      if (become === 'changed') {
        const changed = changedParts(known, now).join(', ');
        throw new BeginAgainError(`what the documents of ${index.name} rest on has changed: ${changed}`);
      }
      if (become === 'extended') {
        await onExtended(index.name, now);
        bases.set(index.name, now);
      }
    }
    // The next session mends what it may, or says what is to be mended.
    if (problems.length > 0) throw new BeginAgainError(problems.map(({ problem }) => problem).join('; '));
  };

  return {
    async run() {
      for (;;) {
        const woken = new AbortController();
        wake = () => woken.abort();
        const until = AbortSignal.any([signal, woken.signal]);
        await delay(settings.schemaCheckIntervalMs, undefined, { signal: until }).catch(() => undefined);
        signal.throwIfAborted();
        await check();
      }
    },
    look: () => wake?.(),
  };
}

/** What the definitions compile to by now; where they fit the database no more, the next session says so. */
function recompile(plan: PreparedPlan, catalog: Catalog): Plan {
  try {
    return plan.recompile(catalog);
  } catch (error) {
    throw error instanceof ProjectorError ? new BeginAgainError(error.message) : error;
  }
}
