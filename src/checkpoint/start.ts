import type { Origin } from '../loader/index-meta.ts';
import type { PhysicalIndex } from '../loader/indexes.ts';
import { describeLoss, type SlotState } from '../replication/slot.ts';
import { ProjectorError } from '../ops/errors.ts';
import { formatLsn, type Lsn } from '../shared/lsn.ts';
import type { Position } from '../shared/position.ts';
import { nothingCovered, type Coverage } from './coverage.ts';
import type { Checkpoint } from './store.ts';

/** The database as it is now. */
export interface ServerIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly database: string;
  /** The end of the WAL. */
  readonly currentLsn: Lsn;
}

export interface StartFacts {
  readonly server: ServerIdentity;
  readonly plugin: string;
  readonly slot:
    | (Pick<SlotState, 'confirmedFlush' | 'lost' | 'plugin' | 'database'> &
        Partial<Pick<SlotState, 'invalidation'>>)
    | null;
  readonly checkpoint: Checkpoint | null;
  /** Every physical index of every definition. */
  readonly indexes: readonly Pick<PhysicalIndex, 'physical' | 'origin' | 'original'>[];
  /** The incarnation of the slot that a rebuild under way makes; the old slot is gone. Null without one. */
  readonly rebuilding: string | null;
}

export type StartDecision =
  /** Nothing is there: make a slot and everything else. */
  | { readonly kind: 'create'; readonly incarnation: string | null }
  /** Go on. */
  | {
      readonly kind: 'resume';
      /** What the slot is asked for. */
      readonly from: Lsn;
      /** All before this is durable already: a transaction that ends at or before it is skipped. */
      readonly durable: Position;
      /** Null when nothing says: then the slot's history begins here. */
      readonly incarnation: string | null;
      /** The indexes that all before `durable` is durable in; null: in every one. */
      readonly coverage: Coverage | null;
    }
  /**
   * What is there does not belong together. `byHand`: nothing says that the indexes are this projector's and not those of a
   * copy of its database, so only a person may have them replaced.
   */
  | { readonly kind: 'resync'; readonly reason: string; readonly byHand: boolean };

/**
 * Invariant 7, who wins at start. In this order:
 *
 * While a rebuild is under way, an index of another incarnation belongs to the past and counts for nothing here.
 * What belongs to another database's projector has been refused before (`takenBy`).
 *
 * | slot | checkpoint | indexes | then |
 * |---|---|---|---|
 * | none | none | none | create |
 * | none | none | any | resync, by hand: they may belong to a projector of a copy of this database |
 * | none | there | any | resync: changes since the slot went are gone |
 * | lost, or of another plugin or database | any | any | resync |
 * | there | of another cluster, timeline or database | any | resync |
 * | there | ahead of the server's WAL | any | resync: the database was restored to an earlier point |
 * | there | behind the slot | any | resync: something else moved the slot, or Redis was restored |
 * | there | any | of another origin | resync |
 * | there | there | of another incarnation | resync, by hand, as above |
 * | there | any | restored from a copy | resync |
 * | there | none | any | resume at the slot's confirmed_flush, all before it is durable; but nobody knows in which indexes |
 * | there | there | any | resume at the slot; skip up to the checkpoint, and see its last commit come by (`createHistory`) |
 */
export function decideStart(facts: StartFacts): StartDecision {
  const { server, plugin, slot, checkpoint, rebuilding } = facts;
  const indexes = facts.indexes.filter(
    ({ origin }) => rebuilding === null || origin.incarnation === rebuilding,
  );
  const resync = (reason: string, byHand = false): StartDecision => ({ kind: 'resync', reason, byHand });
  if (!slot) {
    if (checkpoint) return resync('the replication slot is gone, and with it the changes since then');
    if (indexes.length > 0)
      return resync('there are indexes, but neither a replication slot nor a resume point', true);
    return { kind: 'create', incarnation: rebuilding };
  }
  if (slot.lost) return resync(describeLoss(slot));
  if (slot.plugin !== plugin)
    return resync(`the replication slot decodes with ${slot.plugin}, not ${plugin}`);
  if (slot.database !== server.database)
    return resync(`the replication slot belongs to the database ${slot.database}`);

  const origins = [...(checkpoint ? [checkpoint.origin] : []), ...indexes.map(({ origin }) => origin)];
  for (const origin of origins) {
    const difference = differs(origin, server);
    if (difference) return resync(difference);
  }
  const incarnations = new Set(origins.map(({ incarnation }) => incarnation));
  if (rebuilding !== null) incarnations.add(rebuilding);
  if (incarnations.size > 1)
    return resync('the resume point and the indexes belong to different replication slots', true);
  const restored = indexes.find(({ original }) => !original);
  if (restored) return resync(`the index ${restored.physical} was restored from a copy`);

  const [incarnation = null] = incarnations;
  if (!checkpoint) {
    return {
      kind: 'resume',
      from: slot.confirmedFlush,
      durable: { lsn: slot.confirmedFlush, lastCommit: null },
      incarnation,
      coverage: nothingCovered,
    };
  }
  if (checkpoint.lsn > server.currentLsn) {
    return resync(`the resume point ${formatLsn(checkpoint.lsn)} is ahead of the database: it was restored`);
  }
  if (checkpoint.lsn < slot.confirmedFlush) {
    return resync(
      `the slot has been moved to ${formatLsn(slot.confirmedFlush)}, past the resume point ${formatLsn(checkpoint.lsn)}`,
    );
  }
  return {
    kind: 'resume',
    from: slot.confirmedFlush,
    durable: { lsn: checkpoint.lsn, lastCommit: checkpoint.lastCommit },
    incarnation,
    coverage: checkpoint.coverage,
  };
}

function differs(origin: Origin, server: ServerIdentity): string | null {
  if (origin.systemIdentifier !== server.systemIdentifier) return 'the database belongs to another cluster';
  if (origin.timeline !== server.timeline) {
    return `the database is on timeline ${server.timeline}, not ${origin.timeline}: it failed over or was restored`;
  }
  if (origin.database !== server.database)
    return `the resume point belongs to the database ${origin.database}`;
  return null;
}

export function resyncRequired(reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_RESYNC_REQUIRED',
    reason,
    'Run `projector resync`: it makes a new slot and new indexes beside the old ones, which serve until then. With ' +
      'RESYNC=auto the service does so by itself.',
  );
}
