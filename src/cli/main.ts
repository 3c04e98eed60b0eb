#!/usr/bin/env node
import './heap.ts';
import { runCommandLine } from './command-line.ts';

/** A connection on which a statement hangs would keep the process from ending by itself. */
const EXIT_GRACE_MS = 2_000;

/** Says on stderr what the process has failed for. Gives the exit code. */
async function reportFailure(error: unknown): Promise<number> {
  // Loaded here, since most commands end well.
  const { describeFailure } = await import('./failure.ts');
  const { text, exitCode } = describeFailure(error);
  console.error(text);
  return exitCode;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
// Node itself would print the error with all that it carries.
process.on('uncaughtException', (error) => void reportFailure(error).then((code) => process.exit(code)));
const { env, stdout, stderr } = process;
// Whoever reads no further, as `head` does, has had enough: that is no failure.
stdout.on('error', () => undefined);
process.exitCode = await runCommandLine(process.argv.slice(2), {
  env,
  directory: process.cwd(),
  stop: stop.signal,
  stdout,
  stderr,
}).catch(reportFailure);
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
