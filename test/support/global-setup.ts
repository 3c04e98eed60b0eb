import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { connect, prepareFilmsDatabase } from '../../dev/stack/database.ts';
import { checkout } from '../../dev/stack/paths.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { shareServers } from './shared-servers.ts';

/**
 * Starts the servers once for all test files, and ends them with the run. With USE_STACK=1 it is `make stack`'s
 * servers that are used, which saves their start, and left running.
 */

const running = new AsyncDisposableStack();

export async function globalSetup(): Promise<void> {
  // The runner ends at a signal, but as if all were well when no test has begun.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (process.exitCode = 1));
  const stack = await (process.env['USE_STACK'] === '1' ? borrowStack() : ownStack());
  const filmsTemplate = `films_template_${randomBytes(4).toString('hex')}`;
  await prepareFilmsDatabase(stack.postgres, filmsTemplate);
  await using client = await connect(stack.postgres.url);
  // A template that somebody is connected to cannot be cloned.
  await client.query(`alter database ${filmsTemplate} allow_connections false`);
  running.defer(async () => {
    await using last = await connect(stack.postgres.url);
    await last.query(`drop database ${filmsTemplate}`);
  });
  shareServers({
    postgresUrl: stack.postgres.url,
    redisUrl: stack.redis.url,
    elasticsearchUrl: stack.elasticsearch.url,
    filmsTemplate,
  });
}

export async function globalTeardown(): Promise<void> {
  await running.disposeAsync();
}

async function ownStack(): Promise<Stack> {
  return running.use(await startStack({}));
}

function borrowStack(): Promise<Stack> {
  return startStack({ folder: join(checkout, '.stack'), usualPorts: true, background: true });
}
