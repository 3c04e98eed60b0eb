import { z } from 'zod';

const schema = z.object({
  postgresUrl: z.string(),
  redisUrl: z.string(),
  elasticsearchUrl: z.string(),
  /** A database with the films' schema and no rows, to be cloned. */
  filmsTemplate: z.string(),
});

/** What every test file of a run shares. The superuser's URL, to the database `postgres`. */
export type SharedServers = z.infer<typeof schema>;

const variable = 'TEST_SERVERS';

/** Makes the servers known to the processes of the test files, which inherit the environment. */
export function shareServers(servers: SharedServers): void {
  process.env[variable] = JSON.stringify(servers);
}

/** The servers that this run's global set-up has started. */
export function sharedServers(): SharedServers {
  const text = process.env[variable];
  if (text === undefined) {
    throw new Error('This test needs servers: run it with --test-global-setup=test/support/global-setup.ts.');
  }
  return schema.parse(JSON.parse(text));
}
