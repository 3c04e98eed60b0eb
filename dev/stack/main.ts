import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkout } from './paths.ts';
import { findRunning, serversOf, stackEnvironment, startStack, stopStack } from './stack.ts';

/** `make stack` and `make stack-stop`: the three servers in the background, all that is theirs in `.stack/`. */

const folder = join(checkout, '.stack');

async function start(signal: AbortSignal): Promise<void> {
  const upAlready = (await findRunning(folder)).length === 3;
  if (!upAlready) console.log('Starting Postgres, Redis and Elasticsearch …');
  const stack = await startStack({ folder, usualPorts: true, background: true }, signal);
  const envFile = join(folder, 'env');
  const lines = Object.entries(stackEnvironment(stack)).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(envFile, lines.join(''), { mode: 0o600 });

  console.log(upAlready ? 'Up already:' : 'Up:');
  for (const { name, host, port, pid } of serversOf(stack)) {
    console.log(`  ${name.padEnd(14)} ${host}:${port}  (process ${pid ?? 0})`);
  }
  console.log(`Their URLs are in ${relative('', envFile)}, which every command reads.`);
  console.log('`make stack-stop` stops them; their data stay in .stack/ for the next time.');
}

async function stop(): Promise<void> {
  const stopped = await stopStack(folder);
  console.log(stopped.length === 0 ? 'Nothing is running.' : `Stopped ${stopped.join(', ')}.`);
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupt.abort(new Error(`Ended by ${signal}.`)));
}
try {
  const command = process.argv[2];
  if (command === 'start') await start(interrupt.signal);
  else if (command === 'stop') await stop();
  else throw new Error('Usage: main.ts start|stop');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
