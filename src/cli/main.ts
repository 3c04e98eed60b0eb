#!/usr/bin/env node
import './heap.ts';
import { parseArgs } from 'node:util';
import { withEnvFiles } from '../config/env-files.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { createLogger, type Logger } from '../ops/log.ts';
import { commandHelp, help, isCommand, usage, type CommandName } from './help.ts';

/** What a command is given: its settings and flags, and a signal that Ctrl-C and SIGTERM abort. */
export interface CommandContext {
  readonly settings: Settings;
  readonly log: Logger;
  readonly stop: AbortSignal;
  readonly flags: Flags;
  /** What follows the command's name. */
  readonly words: readonly string[];
}

export interface Flags {
  readonly cancel: boolean;
  readonly id: readonly string[];
  readonly index: readonly string[];
  readonly json: boolean;
  readonly keep: boolean;
  readonly quiet: boolean;
  readonly repair: boolean;
  readonly standby: boolean;
  readonly watch: boolean;
  readonly where?: string | undefined;
  readonly yes: boolean;
}

/** Each command answers on stdout, and gives its exit code. */
type Command = (context: CommandContext) => Promise<number>;

/** Each loads what it needs and no more: a second of a small machine's time is at stake. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  check: async () => (await import('./check.ts')).check,
  init: async () => (await import('./init.ts')).init,
  run: async () => (await import('./run.ts')).run,
  snapshot: async () => (await import('./snapshot.ts')).snapshot,
  reindex: async () => (await import('./reindex.ts')).reindex,
  resync: async () => (await import('./resync.ts')).resync,
  pause: async () => (await import('./pause.ts')).pause,
  resume: async () => (await import('./pause.ts')).resume,
  'dead-letters': async () => (await import('./dead-letters.ts')).deadLetters,
  status: async () => (await import('./status.ts')).status,
  teardown: async () => (await import('./teardown.ts')).teardown,
  verify: async () => (await import('./verify.ts')).verify,
};

async function main(argv: readonly string[]): Promise<number> {
  const { positionals, values } = parseCommandLine(argv);
  const [name, ...words] = positionals;
  if (values.help || name === undefined || name === 'help') {
    const about = name === 'help' ? words[0] : name;
    console.log(about !== undefined && isCommand(about) ? commandHelp(about) : help());
    return values.help || name === 'help' ? 0 : 2;
  }
  if (!isCommand(name) || (words.length > 0 && name !== 'dead-letters')) {
    const word = isCommand(name) ? words.join(' ') : name;
    throw usage(`${word} is not understood here`);
  }
  const settings = loadSettings(withEnvFiles(process.env, process.cwd()));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const context = { settings, log: createLogger(settings.logLevel), stop: stop.signal, flags: values, words };
  const command = await commands[name]();
  return command(context).catch((error: unknown) => {
    if (stop.signal.aborted && error instanceof Error && error.name === 'AbortError') return 1;
    throw error;
  });
}

function parseCommandLine(argv: readonly string[]): {
  positionals: string[];
  values: Flags & { help: boolean };
} {
  try {
    const { positionals, values } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        cancel: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        id: { type: 'string', multiple: true, default: [] },
        index: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        repair: { type: 'boolean', default: false },
        standby: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        where: { type: 'string' },
        yes: { type: 'boolean', default: false },
      },
    });
    return { positionals, values };
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

/** Says on stderr what a command has failed for. Gives the exit code. */
async function reportFailure(error: unknown): Promise<number> {
  // Loaded here, since most commands end well.
  const { describeFailure } = await import('./failure.ts');
  const { text, exitCode } = describeFailure(error);
  console.error(text);
  return exitCode;
}

/** A connection on which a statement hangs would keep the process from ending by itself. */
const EXIT_GRACE_MS = 2_000;

// Node itself would print the error with all that it carries.
process.on('uncaughtException', (error) => void reportFailure(error).then((code) => process.exit(code)));
process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
