import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { DatabaseError } from 'pg';
import { resyncRequired } from '../checkpoint/start.ts';
import type { Settings } from '../config/settings.ts';
import { errorCodes, ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { isRefusedQuery } from '../servers/postgres.ts';
import { refusalInWords, withoutValues } from '../servers/sql-states.ts';
import { isServerFailure } from '../servers/unavailable.ts';
import { BeginAgainError } from './begin-again.ts';
import type { StartOver } from './hold.ts';
import { createOverview, type Overview } from './overview.ts';
import type { Refusals } from './refused-indexes.ts';
import { runSession, type SessionEnd } from './session.ts';
import { undoStart } from './undo.ts';
import type { Task } from './work.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Build everything anew first, unless such a rebuild is under way already. */
  readonly startOver?: StartOver;
  /** Wait for as long as another process holds the slot, and again when another has taken it. */
  readonly isStandby?: boolean;
  /** Do this, and end. Each session begins it anew. */
  readonly task?: Task;
  /** Whether everything may be made on an empty system; it may, unless told otherwise. */
  readonly mayCreate?: boolean;
  /** Is kept up to date, for whoever looks. */
  readonly overview?: Overview;
  /** Ends the service in order. */
  readonly stop: AbortSignal;
}

/** So often the overview compares with what was before: it tells how long a wait lasts, and whether work moves. */
const LOOK_MS = 500;
/** A query that Postgres refuses twice in so short a time, by the same schema, is refused for good. */
const REFUSED_AGAIN_MS = 60_000;

/**
 * Runs sessions until it is stopped: a session that fails for a reason that may pass (a server that went away, a
 * connection that broke) is followed by another, from the resume point. So is one that finds the schema changed: the next
 * plans anew, or says what in the definitions does not fit any more. Rejects when the reason is permanent.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { settings, log, stop, isStandby = false } = options;
  const overview = options.overview ?? createOverview(settings);
  const sender = { pid: null };
  const refusals: Refusals = new Map();
  const made: { slotOf: string | null } = { slotOf: null };
  // A command drops nothing that it was not told to.
  const dropsIndexes = settings.shouldDropIndex && !options.task;
  let startOver = options.startOver ?? (dropsIndexes ? 'drop' : null);
  const isTransient = (error: Error): boolean =>
    isServerFailure(error) ||
    error instanceof BeginAgainError ||
    isRefusedQuery(error) ||
    (error instanceof ProjectorError &&
      ((error.code === 'PROJ_RESYNC_REQUIRED' && settings.resync === 'auto') ||
        (isStandby && (error.code === 'PROJ_SLOT_BUSY' || error.code === 'PROJ_OWNERSHIP_LOST'))));
  /** What the last session's documents rested on. */
  let schema = '';
  let lastRefused = { atMs: -Infinity, schema };
  /**
   * A query that is refused is planned anew once; refused again, it is an error of its own. Where the schema is another
   * one by then, that was another query: each change of a schema may have one refused that was planned before it.
   */
  const sinceRefused = (error: unknown): unknown => {
    if (!isRefusedQuery(error)) return error;
    const refused = { atMs: performance.now(), schema };
    const isAgain =
      refused.atMs - lastRefused.atMs < REFUSED_AGAIN_MS && refused.schema === lastRefused.schema;
    lastRefused = refused;
    return isAgain ? refusedAgain(error) : error;
  };
  const policy = retry(
    handleWhen((error) => !stop.aborted && error instanceof Error && isTransient(error)),
    {
      maxAttempts: Number.MAX_SAFE_INTEGER,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 }),
    },
  );
  policy.onRetry((event) => {
    const error = 'error' in event ? event.error : undefined;
    log.warn({ error: withoutValues(error), delayMs: event.delay }, 'the session failed; beginning another');
  });
  const looking = setInterval(() => overview.look(), LOOK_MS);
  try {
    let end: SessionEnd;
    do {
      end = await policy.execute(
        () =>
          runSession({
            ...options,
            isStandby,
            overview,
            sender,
            refusals,
            made,
            startOver,
            onHold: ({ bases }) => {
              startOver = null;
              schema = JSON.stringify([...bases]);
            },
          }).catch((reason: unknown) => {
            const error = sinceRefused(reason);
            overview.failed(error);
            // Where it is transient, RESYNC=auto: the stream itself has shown that it is another history.
            if (error instanceof ProjectorError && error.code === 'PROJ_RESYNC_REQUIRED')
              startOver = 'beside';
            throw error;
          }),
        stop,
      );
    } while (end === 'to begin again');
  } catch (error) {
    // Stopped while it was waiting for a server: nothing was under way.
    if (!(stop.aborted && error instanceof Error && (isTransient(error) || isCancellation(error)))) {
      const isUseless = (hasDoneNothing(overview) && !isOthersTurn(error)) || isForeign(error);
      if (made.slotOf !== null && isUseless) await undoStart({ settings, log, incarnation: made.slotOf });
      throw error;
    }
  } finally {
    clearInterval(looking);
  }
}

function hasDoneNothing({ counts: { written, superseded, refused } }: Overview): boolean {
  return written + superseded + refused === 0;
}

/** Whether another process of this very projector goes on with what is there. */
function isOthersTurn(error: unknown): boolean {
  return error instanceof ProjectorError && error.exitCode === errorCodes.PROJ_SLOT_BUSY.exit;
}

/** Whether another projector has what this one was to have: whatever it has written so far, it never serves. */
function isForeign(error: unknown): boolean {
  return error instanceof ProjectorError && ['PROJ_INDEX_FOREIGN', 'PROJ_NAME_TAKEN'].includes(error.code);
}

function isCancellation(error: Error): boolean {
  return error.name === 'AbortError' || error.name === 'TaskCancelledError';
}

function refusedAgain(error: DatabaseError): ProjectorError {
  // Where the stream begins, there was no publication: https://www.postgresql.org/docs/current/logical-replication.html
  if (error.routine === 'get_publication_oid') {
    return resyncRequired('the publication was missing when changes were made, which are not told therefore');
  }
  const cause = refusalInWords(error) ?? error.message;
  return new ProjectorError(
    'PROJ_QUERY_REFUSED',
    `Postgres refuses to read documents: ${cause}`,
    'Correct the expression, the rows or the rights that it is about, and start again; nothing is lost meanwhile.',
    { cause: error },
  );
}
