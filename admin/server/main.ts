import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createAccount, deleteAccount, setPassword, type Account } from './login/accounts.ts';
import { openServices, type Services } from './services.ts';
import { loadEnvFiles, loadSettings } from './settings.ts';

const usage = `npm run admin -- COMMAND

  serve                  Serves the site until it is told to end
  create-user NAME       Makes an administrator; the password comes from the terminal, or as all of stdin
  set-password NAME      Gives an administrator another password, and ends all sessions
  delete-user NAME       Removes an administrator, and ends all sessions
  list-users             Says who is an administrator

Settings come from the environment, .env and .stack/env: docs/admin.md has them.`;

/** 0 done, 1 failure, 2 usage. */
async function main([command, name, ...rest]: readonly string[]): Promise<number> {
  if (command === 'serve' && name === undefined) return serve();
  if (command === 'list-users' && name === undefined) return withServices(listUsers);
  if (name !== undefined && rest.length === 0) {
    if (command === 'create-user') {
      return withServices(async ({ database }) => {
        await createAccount(database.query, name, await readPassword(name));
        console.log(`${name} may log in now.`);
      });
    }
    if (command === 'set-password') {
      return withServices(async (services) => {
        const account = await setPassword(services.database.query, name, await readPassword(name));
        await endSessions(services, account);
        console.log(`${name} has another password, and is logged out everywhere.`);
      });
    }
    if (command === 'delete-user') {
      return withServices(async (services) => {
        await endSessions(services, await deleteAccount(services.database.query, name));
        console.log(`${name} is no administrator any more.`);
      });
    }
  }
  console.error(usage);
  return 2;
}

async function serve(): Promise<number> {
  // The other commands do without it, and begin twice as fast.
  const { addRoutes, createApp } = await import('./app.ts');
  const settings = loadSettings(process.env);
  const app = createApp(settings);
  await using services = openServices(settings, (error) =>
    app.log.warn({ reason: error.message }, 'a server is away'),
  );
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(undefined));
  await addRoutes(app, services);
  await app.listen({ host: settings.SITE_HOST, port: settings.SITE_PORT });
  await ended;
  await app.close();
  return 0;
}

async function withServices(work: (services: Services) => Promise<void>): Promise<number> {
  await using services = openServices(loadSettings(process.env), () => undefined);
  await work(services);
  return 0;
}

async function listUsers({ database }: Services): Promise<void> {
  const users = await database.query<{ name: string; created: string }>(
    'select name, created from site.administrator order by name',
  );
  for (const { name, created } of users) console.log(`${name}  since ${created.slice(0, 10)}`);
}

function endSessions({ sessions }: Services, { id }: Account): Promise<void> {
  return sessions.endAll(id);
}

/** From the terminal, twice and unseen, or as all of stdin, without the newline at its end. */
async function readPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const password = await ask(`Password for ${name}: `);
  if ((await ask('Once more: ')) !== password) throw new Error('The two are not the same.');
  return password;
}

async function ask(question: string): Promise<string> {
  process.stdout.write(question);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  try {
    const { promise, resolve } = Promise.withResolvers<string>();
    terminal.question('', resolve);
    terminal.once('close', () => resolve(''));
    return await promise;
  } finally {
    terminal.close();
    process.stdout.write('\n');
  }
}

try {
  loadEnvFiles();
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
