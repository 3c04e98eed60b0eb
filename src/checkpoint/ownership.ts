import type { Origin } from '../loader/index-meta.ts';
import type { PhysicalIndex } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { SlotOwner } from '../replication/slot.ts';
import type { ServerIdentity } from './start.ts';

export interface OwnershipFacts {
  readonly name: string;
  readonly server: Pick<ServerIdentity, 'systemIdentifier' | 'database'>;
  /** What has the slot's name on this server; null where nothing does. */
  readonly slot: SlotOwner | null;
  /** What the resume point says it belongs to; null without one. */
  readonly checkpoint: Origin | null;
  /** Whether another process says in Redis, under this name, that it runs. */
  readonly isAnotherRunning: boolean;
  /** Every physical index of every definition that a projector of this name made. */
  readonly indexes: readonly Pick<PhysicalIndex, 'physical' | 'origin'>[];
  /** Whether a rebuild is under way: what was here before it was judged when it began. */
  readonly isRebuilding: boolean;
}

/**
 * What of this PROJECTOR_NAME belongs to a projector of another database, in words; null where nothing does. A database
 * that was replaced by another is told from this: then resume point and indexes belong together.
 *
 * | slot | resume point | another process | indexes | then |
 * |---|---|---|---|---|
 * | physical, or of another database | any | any | any | taken |
 * | otherwise | of another database | runs | any | taken |
 * | otherwise | of another database | does not run | none of the resume point's slot | taken |
 * | otherwise | any | any | one of another database, and not of the resume point's slot | taken |
 * | otherwise | otherwise | any | otherwise | ours |
 */
export function takenBy(facts: OwnershipFacts): string | null {
  const { name, server, slot, checkpoint, isAnotherRunning, indexes, isRebuilding } = facts;
  if (slot?.kind === 'physical') return `the replication slot ${name} is a physical one, for a standby`;
  if (slot && slot.database !== server.database)
    return `the replication slot ${name} belongs to ${databaseInWords(slot.database, true)}`;

  const isHere = (origin: Origin): boolean =>
    origin.systemIdentifier === server.systemIdentifier && origin.database === server.database;
  const inWords = ({ database, systemIdentifier }: Origin): string =>
    databaseInWords(database, systemIdentifier === server.systemIdentifier);
  const isOfCheckpoint = ({ origin }: Pick<PhysicalIndex, 'origin'>): boolean =>
    origin.incarnation === checkpoint?.incarnation;
  if (checkpoint && !isHere(checkpoint)) {
    const keys = `what Redis keeps under projector:${name}: belongs to ${inWords(checkpoint)}`;
    if (isAnotherRunning) return `${keys}, whose projector runs`;
    if (!indexes.some(isOfCheckpoint)) return keys;
  }
  const other = indexes.find((index) => !isHere(index.origin) && !isOfCheckpoint(index));
  if (other && !isRebuilding)
    return `the index ${other.physical} was made by a projector of this name, of ${inWords(other.origin)}`;
  return null;
}

function databaseInWords(database: string, isOnThisServer: boolean): string {
  return `the database ${database}${isOnThisServer ? '' : ' of another server'}`;
}

/** The error for a PROJECTOR_NAME that another projector has. */
export function nameTaken(name: string, reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_NAME_TAKEN',
    `the PROJECTOR_NAME ${name} is taken: ${reason}`,
    'Give this projector a PROJECTOR_NAME of its own. If the other one is gone for good, remove what it has left: its slot ' +
      `(select pg_drop_replication_slot('${name}')), the Redis key projector:${name}:checkpoint, its indexes.`,
  );
}
