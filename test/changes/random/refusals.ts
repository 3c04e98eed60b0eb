import type { Client } from 'pg';
import { DatabaseError } from 'pg';

/**
 * What Postgres may have against a random statement: a constraint, something that depends on what is dropped, a lock or
 * deadlock, a row that does not fit, something that cannot be done to such a table.
 */
const REFUSALS = /^(22|23|40|55|2BP01|0A000|42P16)/;

/** A name or a type that another session has changed since the statement was made. */
const OUTDATED = /^(42703|42P01|42704|42883|3F000|428C9|42804|XX000)/;

/** Runs a statement, or several with `;` between; gives whether Postgres took them. Of those that it refuses nothing stays. */
export async function isTaken(client: Client, sql: string, { mayBeOutdated = false } = {}): Promise<boolean> {
  try {
    await client.query(sql);
    return true;
  } catch (error) {
    const code = error instanceof DatabaseError ? (error.code ?? '') : '';
    if (!REFUSALS.test(code) && !(mayBeOutdated && OUTDATED.test(code)))
      throw new Error(`Postgres refuses a random statement: ${String(error)} (${code})\n${sql}`, {
        cause: error,
      });
    return false;
  }
}
