import { preparePlan } from '../definition/prepare.ts';
import { findProblems, mend } from '../service/preflight.ts';
import { withClient } from '../servers/postgres.ts';
import type { CommandContext } from './command-line.ts';

/** Does what needs a table owner's rights, as ADMIN_DATABASE_URL's role. */
export async function init({ settings, print }: CommandContext): Promise<number> {
  const ran = await withClient(settings.adminDatabaseUrl, 'projector init', async (client) => {
    const plan = await preparePlan(client, settings.definitionsDir);
    // Whether the service's own role may replicate is not this role's to answer; `check` asks it.
    return mend(client, await findProblems(client, plan, settings), 'init');
  });
  for (const sql of ran) print(sql);
  print(ran.length === 0 ? 'Nothing to do: Postgres is prepared.' : 'Postgres is prepared.');
  return 0;
}
