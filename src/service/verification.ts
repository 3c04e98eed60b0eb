import { nameTaken, takenBy } from '../checkpoint/ownership.ts';
import { createCheckpointStore } from '../checkpoint/store.ts';
import type { Settings } from '../config/settings.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { loadDefinitions } from '../definition/load.ts';
import { hasRowSecurity, prepareDefinitions, type PreparedPlan } from '../definition/prepare.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { notCompared, readKeptSource, type KeptSource, type NotCompared } from '../loader/kept-source.ts';
import { createIndexAdmin, type PhysicalIndex } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import { atMostEvery, type Logger } from '../ops/log.ts';
import { readSlot } from '../replication/slot.ts';
import { countRows } from '../resolver/root-pages.ts';
import { formatLsn } from '../shared/lsn.ts';
import { verifyIndex, type Verified } from '../verify/verify.ts';
import { openConnections } from './connections.ts';
import { chartCourses, definitionsOf } from './courses.ts';
import { COMMAND_PATIENCE_MS } from './patience.ts';
import { createReindexStore } from './reindexes.ts';
import { readServerIdentity } from './server-identity.ts';
import { readStatus } from './status.ts';
import { currentIndex } from './targets.ts';
import type { HolderWork } from './work.ts';

/** How many rows have been compared. */
export interface VerificationProgress {
  readonly done: number;
  readonly total: number;
  readonly state: 'running' | 'done';
}

export interface VerificationOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** The names of the indexes to verify. */
  readonly indexes: readonly string[];
  readonly repair: boolean;
  /** What the slot's holder does; null where none runs: then nothing is waited for, nothing repaired, nothing changed. */
  readonly work: HolderWork | null;
  readonly onProgress: (alias: string, progress: VerificationProgress) => void;
  readonly signal: AbortSignal;
}

/** What is known of one index in the end. */
export interface IndexReport extends Verified {
  readonly alias: string;
  /** The physical index that the service writes to. */
  readonly physical: string;
  /** Where the alias leads: if all is well, to that one alone. */
  readonly aliasLeadsTo: readonly string[];
  /** The fields that the index does not give back as it was given them, and why. */
  readonly notCompared: readonly NotCompared[];
}

/** What no service had followed when the comparison began, so that it counts as differing. */
export interface Unfollowed {
  /** The resume point; null where there is none. */
  readonly since: string | null;
  /** WAL written since; null where there is no resume point. */
  readonly bytes: number | null;
}

export interface Verification {
  readonly reports: readonly IndexReport[];
  /** Null where the service runs. */
  readonly unfollowed: Unfollowed | null;
}

/** A wait that is longer is spoken of. */
const SILENT_WAIT_MS = 2_000;
const REPEATED_NOTICE_MS = 60_000;

/**
 * Compares the indexes with their rows, one after the other, with the help of the slot's holder, or without a holder.
 *
 * @throws ProjectorError `PROJ_INDEX_MISSING` where an index is not there, `PROJ_NAME_TAKEN` where the holder follows
 *   another database.
 */
export async function runVerification(options: VerificationOptions): Promise<Verification> {
  const { settings, log, repair, work, onProgress, signal } = options;
  await using connections = openConnections(settings, log, signal, { patienceMs: COMMAND_PATIENCE_MS });
  const { redis, elasticsearch, retry, query, preparedQuery, inPostgres } = connections;
  await redis.connect();
  const names = { name: settings.name, prefix: settings.indexPrefix };
  const admin = createIndexAdmin(elasticsearch, names);
  const deadLetters = createDeadLetterIndex(elasticsearch, names);
  const reindexes = createReindexStore(redis, settings.name);
  const findAll = (index: IndexPlan): Promise<PhysicalIndex[]> =>
    retry.elasticsearch(() => admin.find(index));
  /** The slot's. Where Redis has lost the resume point, the indexes know. */
  const readIncarnation = async (indexes: readonly IndexPlan[]): Promise<string | undefined> => {
    const checkpoint = await retry.redis(() => checkpoints.read());
    if (checkpoint) return checkpoint.origin.incarnation;
    const found = (await Promise.all(indexes.map(findAll))).flat();
    return found.find(({ serving }) => serving)?.origin.incarnation;
  };
  /** The plan that the service goes by: of an index that it keeps as it was, the definition of then. */
  const preparePlan = async (): Promise<PreparedPlan> => {
    const definitions = await loadDefinitions(settings.definitionsDir);
    const defined = await inPostgres((client) => prepareDefinitions(client, definitions));
    const courses = await chartCourses({
      defined: defined.indexes,
      find: findAll,
      readReindex: ({ alias }) => retry.redis(() => reindexes.read(alias)),
      inPostgres,
      incarnation: (await readIncarnation(defined.indexes)) ?? null,
      refusals: new Map(),
      onChange: 'keep',
    });
    const kept = courses.filter(({ kind }) => kind === 'keep');
    return inPostgres((client) => prepareDefinitions(client, definitionsOf(definitions, kept)));
  };

  const cover = async (): Promise<void> => {
    if (!work) return;
    const lsn = await connections.emitMessage();
    const say = (): void => log.info({ upTo: formatLsn(lsn) }, 'waiting for the stream');
    const saying = setTimeout(say, SILENT_WAIT_MS);
    await work.covered(lsn).finally(() => clearTimeout(saying));
  };
  const checkpoints = createCheckpointStore(redis, settings.name, '');
  /** Waits until nothing is being built or read again: until then, what serves is of the past. */
  const untilStreaming = async (): Promise<void> => {
    if (!work) return;
    const occasionally = atMostEvery(REPEATED_NOTICE_MS);
    for (;;) {
      const status = await retry.redis(() => readStatus(redis, settings.name));
      if (status?.state === 'streaming') return;
      occasionally(() => log.info({ state: status?.state }, 'waiting until no snapshot is being made'));
      await cover();
    }
  };
  /** The physical index that the service writes to, and where the alias leads. */
  const findServing = async (index: IndexPlan): Promise<Pick<IndexReport, 'physical' | 'aliasLeadsTo'>> => {
    const incarnation = await readIncarnation(plan.indexes);
    const current = currentIndex(await findAll(index), index, incarnation);
    const { physical } = current ?? (await notBuilt(index));
    return { physical, aliasLeadsTo: await retry.elasticsearch(() => admin.aliasLeadsTo(index)) };
  };

  const notBuilt = async ({ alias }: IndexPlan): Promise<never> => {
    const status = await retry.redis(() => readStatus(redis, settings.name));
    const refusal = new Map(Object.entries(status?.refusedIndexes ?? {})).get(alias);
    throw refusal === undefined ? indexMissing(settings.name, admin.alias({ alias })) : indexRefused(refusal);
  };

  const readUnfollowed = async (): Promise<Unfollowed> => {
    const checkpoint = await retry.redis(() => checkpoints.read());
    const { slot, server } = await inPostgres(async (client) => ({
      slot: await readSlot(client, settings.name),
      server: await readServerIdentity(client),
    }));
    const since = checkpoint?.lsn ?? slot?.confirmedFlush ?? null;
    if (since === null) return { since, bytes: null };
    return { since: formatLsn(since), bytes: Math.max(0, Number(server.currentLsn - since)) };
  };
  /** Positions in the WAL of two databases cannot be compared. */
  const assertSameDatabase = async (): Promise<void> => {
    const checkpoint = await retry.redis(() => checkpoints.read());
    const taken = takenBy({
      name: settings.name,
      server: await inPostgres(readServerIdentity),
      slot: null,
      checkpoint: checkpoint?.origin ?? null,
      isAnotherRunning: true,
      indexes: [],
      isRebuilding: false,
    });
    if (taken !== null) throw nameTaken(settings.name, taken);
  };

  const unfollowed = work ? null : await readUnfollowed();
  if (work) await assertSameDatabase();
  // What the stream has still to bring would be looked at more than once.
  await cover();
  await untilStreaming();
  const plan = await preparePlan();
  if (!hasRowSecurity(plan)) connections.refuseHiddenRows();
  const chosen = plan.indexes.filter(({ name }) => options.indexes.includes(name));
  const readKept = ({ physical }: Pick<IndexReport, 'physical'>): Promise<KeptSource> =>
    retry.elasticsearch(() => readKeptSource(elasticsearch, physical));
  for (const index of chosen)
    if ((await readKept(await findServing(index))).isDisabled) throw sourceDisabled(admin.alias(index));
  const reports: IndexReport[] = [];
  for (const index of chosen) {
    await untilStreaming();
    const serving = await findServing(index);
    const kept = await readKept(serving);
    const alias = admin.alias(index);
    const total = await countRows({ query, preparedQuery, index });
    const verified = await verifyIndex({
      index,
      physical: serving.physical,
      query,
      preparedQuery,
      kept,
      elasticsearch,
      retry: retry.elasticsearch,
      cover,
      deadLettered: async (ids) =>
        new Set((await retry.elasticsearch(() => deadLetters.among(serving.physical, ids))).keys()),
      mend: repair && work ? (ids) => work.reread(index.name, ids) : null,
      onProgress: (done) => {
        if (done < total) onProgress(alias, { done, total, state: 'running' });
      },
      signal,
    });
    onProgress(alias, { done: verified.rows, total: verified.rows, state: 'done' });
    reports.push({
      alias,
      ...serving,
      notCompared: notCompared(kept, index.definition.fields),
      ...verified,
    });
  }
  return { reports, unfollowed };
}

function sourceDisabled(alias: string): ProjectorError {
  return new ProjectorError(
    'PROJ_SOURCE_DISABLED',
    `the index ${alias} does not keep _source: there is nothing to compare its rows with`,
    'Verify the others with --index. To verify this one, have its mapping, or the index template that matches it, keep _source, and run `projector reindex`.',
  );
}

function indexRefused(reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_REFUSED',
    `the service has not built it: ${reason}`,
    'Correct that, and restart the service. Until then verify the others with --index.',
  );
}

function indexMissing(name: string, alias: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_MISSING',
    `there is nothing to verify: the projector ${name} has no index ${alias} that was made from its definition as it is now`,
    'Look at INDEX_PREFIX, ELASTICSEARCH_URL and PROJECTOR_NAME. If they are as they should be, start the service: it ' +
      'builds the index.',
  );
}

/** Whether searches of the alias find anything but what the rows make. */
export function isDrifting(report: IndexReport, wasRepaired: boolean): boolean {
  const { missing, extra, stale, left } = report;
  const differing = wasRepaired ? left.count : missing.count + extra.count + stale.count;
  return differing > 0 || leadsAstray(report);
}

export function leadsAstray({ aliasLeadsTo, physical }: IndexReport): boolean {
  return aliasLeadsTo.length !== 1 || aliasLeadsTo[0] !== physical;
}
