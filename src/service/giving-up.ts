import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import type { Retry } from '../servers/retry.ts';
import { refusalInWords } from '../servers/sql-states.ts';
import { BeginAgainError } from './begin-again.ts';
import { endReindex, type ReindexStore } from './reindexes.ts';
import { findTarget, hasBefore, type BuildTarget } from './targets.ts';

export interface GivingUpOptions {
  readonly targets: readonly BuildTarget[];
  /** Whether an index is not served yet. */
  readonly isBuilding: (target: BuildTarget) => boolean;
  readonly reindexes: ReindexStore;
  readonly retry: Retry;
  readonly log: Logger;
}

/** What is wrong with an index that is not served yet is no reason for those that are to stop. */
export interface GivingUp {
  /** Gives up a new index, and says why. Rejects in any case: the session does not go on. */
  readonly giveUp: (target: BuildTarget, reason: string) => Promise<never>;
  /** Gives up a new index whose own definition has failed; resolves where the error is about something else. */
  readonly explain: (index: string, error: unknown) => Promise<void>;
}

export function createGivingUp({ targets, isBuilding, reindexes, retry, log }: GivingUpOptions): GivingUp {
  const giveUp: GivingUp['giveUp'] = async ({ index }, reason) => {
    const { alias } = index;
    const reindex = await retry(() => reindexes.read(alias));
    if (reindex?.state === 'running') {
      const failed = endReindex(reindex, 'failed', new Date(), reason);
      await retry(() => reindexes.write(alias, failed));
    }
    // Without an index to go back to there is nothing to go on with.
    if (!hasBefore(targets, index)) throw notServed(alias, reason);
    log.error({ index: alias, reason }, 'the new index is given up');
    throw new BeginAgainError(`the new index of ${alias} is given up`);
  };
  return {
    giveUp,
    async explain(name, error) {
      const target = findTarget(targets, name);
      const fault = isBuilding(target) && hasBefore(targets, target.index) ? faultOfDefinition(error) : null;
      if (fault !== null) await giveUp(target, fault);
    },
  };
}

/** What only a definition is at fault for: a mapping that refuses, an expression that fails for every row. */
function faultOfDefinition(error: unknown): string | null {
  if (error instanceof ProjectorError && error.code === 'PROJ_TOO_MANY_DEAD_LETTERS') return error.message;
  const refusal = refusalInWords(error);
  return refusal === null ? null : `Postgres refuses to read its documents: ${refusal}`;
}

function notServed(index: string, reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_REINDEX_ENDED',
    `the new index of ${index} is not served: ${reason}`,
    'Start the service again, which builds it anew; if it comes to the same, report it.',
  );
}
