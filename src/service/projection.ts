import type { IndexPlan } from '../definition/plan.ts';
import type { DeadLetters } from '../loader/dead-letters.ts';
import type { Loader } from '../loader/loader.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { PreparedQuery } from '../resolver/keys.ts';
import { resolve } from '../resolver/resolver.ts';
import type { Lsn } from '../shared/lsn.ts';

/** Where an index's documents are written. */
export interface Target {
  readonly index: IndexPlan;
  readonly physical: string;
  readonly writeAlias: string;
}

/** How many documents came to what, since the service began. */
export interface ProjectionCounts {
  written: number;
  superseded: number;
  refused: number;
}

export interface ProjectionOptions {
  readonly query: PreparedQuery;
  readonly loader: Loader;
  readonly deadLetters: DeadLetters;
  /** Every commit that ends at or before this LSN has passed the gate. */
  readonly settled: () => Lsn;
  readonly counts: ProjectionCounts;
  readonly now: () => number;
}

/** Reads documents as they are now and writes them; settles when each is accepted, superseded or dead-lettered. */
export type Project = (target: Target, ids: readonly string[]) => Promise<void>;

/**
 * Stream and snapshot alike project through here, and nothing else writes a document. The version is taken before the
 * read: all that had passed the gate by then is visible to it (invariants 1 and 3).
 */
export function createProjection(options: ProjectionOptions): Project {
  const { query, loader, deadLetters, settled, counts, now } = options;
  return async (target, ids) => {
    let left = ids;
    while (left.length > 0) {
      const version = settled();
      const readAtMs = now();
      const resolved = await resolve(query, target.index, left);
      failpoint('after-read');
      const result = await loader({ writeAlias: target.writeAlias, resolved, version, readAtMs });
      failpoint('after-bulk');
      counts.written += result.accepted;
      counts.superseded += result.superseded;
      counts.refused += result.refused.length;
      const unaccepted = new Set([...result.expired, ...result.refused.map(({ id }) => id)]);
      const unsettled = await deadLetters.settle({
        index: target.index.name,
        physical: target.physical,
        refused: result.refused,
        accepted: unaccepted.size > 0 ? left.filter((id) => !unaccepted.has(id)) : left,
        version,
        readAtMs,
      });
      left = [...result.expired, ...unsettled];
    }
  };
}
