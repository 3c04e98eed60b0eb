import { ProjectorError } from '../ops/errors.ts';
import type { TrackedTable } from './message.ts';

/** Stops the stream when a column is gone that routing needs, before a change is passed over. */
export function assertColumns(
  table: TrackedTable,
  needed: readonly string[],
  columns: ReadonlySet<string>,
): void {
  const missing = needed.filter((column) => !columns.has(column));
  if (missing.length > 0) {
    throw new ProjectorError(
      'PROJ_DEFINITION_UNKNOWN_NAME',
      `${table.schema}.${table.name} no longer has the column(s) ${missing.join(', ')} that a definition follows`,
      'Mend the definition (or put the column back) and start again; nothing is lost meanwhile.',
    );
  }
}

/** Stops the stream when rows before a change come without a column that routing needs. */
export function assertIdentity(table: TrackedTable, identity: ReadonlySet<string>): void {
  const missing = table.identityColumns.filter((column) => !identity.has(column));
  if (missing.length > 0) {
    throw new ProjectorError(
      'PROJ_PREFLIGHT',
      `the replica identity of ${table.schema}.${table.name} no longer carries ${missing.join(', ')}`,
      'Run `projector init`, which sets it, then `projector snapshot`.',
    );
  }
}
