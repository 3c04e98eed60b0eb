import type { ClientBase } from 'pg';
import { ProjectorError } from '../ops/errors.ts';
import { sqlState } from '../servers/postgres.ts';
import { parseLsn, type Lsn } from '../shared/lsn.ts';

/** What Postgres keeps for a slot, and for how much longer. */
export interface SlotWal {
  /** `reserved`, `extended`, `unreserved` or `lost`. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
  readonly walStatus: string;
  readonly retainedBytes: number;
  /** What may still be written before the slot is given up; null where there is no `max_slot_wal_keep_size`. */
  readonly bytesLeft: number | null;
  /** The end of the WAL. */
  readonly currentLsn: Lsn;
}

/** The replication slot as `pg_replication_slots` shows it. */
export interface SlotState extends SlotWal {
  readonly confirmedFlush: Lsn;
  readonly lost: boolean;
  /** Why Postgres has invalidated it, in the words of `pg_replication_slots`; null where it has not, or is older than 17. */
  readonly invalidation: string | null;
  /** The backend that holds it, or null. */
  readonly activePid: number | null;
  readonly plugin: string;
  readonly database: string;
}

/** The slot's state, or null when there is no slot of that name. */
export async function readSlot(client: Pick<ClientBase, 'query'>, slot: string): Promise<SlotState | null> {
  const { rows } = await client.query<{
    confirmed: string | null;
    status: string | null;
    invalidation: string | null;
    pid: number | null;
    plugin: string;
    database: string;
    retained: string | null;
    left: string | null;
    lsn: string;
  }>(
    `select confirmed_flush_lsn::text as confirmed,
            wal_status as status,
            to_jsonb(pg_replication_slots) ->> 'invalidation_reason' as invalidation,
            active_pid as pid,
            plugin,
            database,
            (pg_current_wal_lsn() - restart_lsn)::bigint::text as retained,
            safe_wal_size::text as left,
            pg_current_wal_lsn()::text as lsn
     from pg_replication_slots
     where slot_name = $1 and slot_type = 'logical'`,
    [slot],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    confirmedFlush: row.confirmed === null ? 0n : parseLsn(row.confirmed),
    lost: row.status === 'lost' || row.invalidation !== null || row.confirmed === null,
    invalidation: row.invalidation,
    activePid: row.pid,
    plugin: row.plugin,
    database: row.database,
    walStatus: row.status ?? 'lost',
    retainedBytes: Number(row.retained ?? 0),
    bytesLeft: row.left === null ? null : Number(row.left),
    currentLsn: parseLsn(row.lsn),
  };
}

/** Which of Postgres' limits a slot was lost by. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
const invalidations: Readonly<Record<string, string>> = {
  wal_removed: 'has lost its WAL: more was written than max_slot_wal_keep_size keeps for it',
  idle_timeout: 'was invalidated: it was not in use for longer than idle_replication_slot_timeout',
  wal_level_insufficient: 'was invalidated: wal_level was not logical for a while',
  rows_removed: 'was invalidated: rows of the catalog that it needed were removed',
};

/** Why a slot is lost, with the limit that it was lost by. */
export function describeLoss({ invalidation }: Partial<Pick<SlotState, 'invalidation'>>): string {
  // Before Postgres 17 there was but one limit.
  const reason = invalidation ?? 'wal_removed';
  return `the replication slot ${invalidations[reason] ?? `was invalidated: ${reason}`}`;
}

/** Whose a slot is: a physical one is a standby's, a logical one belongs to a database. */
export type SlotOwner =
  { readonly kind: 'physical' } | { readonly kind: 'logical'; readonly database: string };

/** What has this slot name on the whole server, whichever database it belongs to; null where nothing does. */
export async function readSlotOwner(
  client: Pick<ClientBase, 'query'>,
  slot: string,
): Promise<SlotOwner | null> {
  const { rows } = await client.query<{ database: string | null }>(
    'select database from pg_replication_slots where slot_name = $1',
    [slot],
  );
  const [row] = rows;
  if (!row) return null;
  return row.database === null ? { kind: 'physical' } : { kind: 'logical', database: row.database };
}

const LOCK_TIMEOUT = '30s';

/**
 * Creates the slot and gives its consistent point; null when there is one of that name already. Postgres waits for the
 * transactions that are open; the wait is bounded by `lock_timeout` (which, unlike `statement_timeout`, leaves nothing
 * half made).
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION
 *
 * Throws PROJ_PREFLIGHT when the server lacks the plugin, or has no slot left.
 */
export async function createSlot(client: ClientBase, slot: string, plugin: string): Promise<Lsn | null> {
  await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
  try {
    const { rows } = await client.query<{ lsn: string }>(
      'select lsn::text from pg_create_logical_replication_slot($1, $2)',
      [slot, plugin],
    );
    return parseLsn(rows[0]?.lsn ?? '');
  } catch (error) {
    if (sqlState(error) === '42710') return null;
    if (sqlState(error) === '53400') throw slotsInUse(error);
    if (sqlState(error) !== '58P01') throw error;
    throw new ProjectorError(
      'PROJ_PREFLIGHT',
      `Postgres has no output plugin ${plugin}`,
      `Install it on the server (for wal2json: the package postgresql-NN-wal2json), or set DECODER=pgoutput.`,
      { cause: error },
    );
  } finally {
    await client.query('reset lock_timeout').catch(() => undefined);
  }
}

/**
 * Drops this database's slot of that name, if there is one. Throws PROJ_SLOT_BUSY when a process holds it.
 */
export async function dropSlot(client: Pick<ClientBase, 'query'>, slot: string): Promise<void> {
  try {
    await client.query(
      `select pg_drop_replication_slot(slot_name)
       from pg_replication_slots
       where slot_name = $1 and database = current_database()`,
      [slot],
    );
  } catch (error) {
    if (sqlState(error) === '55006') throw slotBusy(slot, error);
    throw error;
  }
}

function slotsInUse(cause: unknown): ProjectorError {
  return new ProjectorError(
    'PROJ_PREFLIGHT',
    'Postgres has no replication slot left (max_replication_slots)',
    'Drop one that nobody needs (select slot_name, active from pg_replication_slots), or raise max_replication_slots.',
    { cause },
  );
}

/** The error for a slot that another process holds. */
export function slotBusy(slot: string, cause: unknown): ProjectorError {
  return new ProjectorError(
    'PROJ_SLOT_BUSY',
    `the replication slot ${slot} is held by another process`,
    'Stop the other process, or give this one another PROJECTOR_NAME.',
    { cause },
  );
}
