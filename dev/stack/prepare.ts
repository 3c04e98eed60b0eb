import { findElasticsearch } from './elasticsearch.ts';
import { findPostgres } from './postgres-program.ts';
import { findRedis } from './redis-program.ts';

/** `make setup`: fetches and builds what the servers are run with, so that nobody waits for it later without knowing. */

try {
  await findPostgres(console.log);
  await findRedis(console.log);
  await findElasticsearch(console.log);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
