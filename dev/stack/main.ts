import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkout } from './paths.ts';
import { openStack, stackEnvironment, startStack, type Stack, type StackOptions } from './stack.ts';

/** `make stack` and `make stack-stop`: the three servers in the background, their data in `.stack/`. */

const folder = join(checkout, '.stack');
const options: StackOptions = { folder, usualPorts: true, background: true };
const envFile = join(folder, 'env');

async function start(): Promise<void> {
  const running = serversOf(await openStack(options)).filter((server) => server.pid !== undefined);
  if (running.length < 3) console.log('Starting Postgres, Redis and Elasticsearch …');
  const stack = await startStack(options);
  const environment = stackEnvironment(stack);
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(envFile, lines.join(''), { mode: 0o600 });

  console.log(running.length < 3 ? 'Up:' : 'Up already:');
  for (const { name, host, port, pid } of serversOf(stack)) {
    console.log(`  ${name.padEnd(14)} ${host}:${port}  (process ${pid ?? 0})`);
  }
  console.log(
    `Their URLs are in ${relative(process.cwd(), envFile)}, which every command reads. \`make stack-stop\` stops them.`,
  );
}

async function stop(): Promise<void> {
  const running = serversOf(await openStack(options)).filter((server) => server.pid !== undefined);
  await Promise.all(running.map((server) => server.stop()));
  console.log(
    running.length === 0 ? 'Nothing is running.' : `Stopped ${running.map(({ name }) => name).join(', ')}.`,
  );
}

function serversOf({ postgres, redis, elasticsearch }: Stack) {
  return [postgres, redis, elasticsearch];
}

try {
  const command = process.argv[2];
  if (command === 'start') await start();
  else if (command === 'stop') await stop();
  else throw new Error('Usage: main.ts start|stop');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
