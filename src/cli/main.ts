#!/usr/bin/env node
import './heap.ts';
import { parseArgs } from 'node:util';
import { withEnvFiles } from '../config/env-files.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { ProjectorError } from '../ops/errors.ts';
import { createLogger, type Logger } from '../ops/log.ts';
import { asRefusal } from '../servers/refusals.ts';
import { check } from './check.ts';
import { deadLetters } from './dead-letters.ts';
import { commandHelp, help, isCommand, usage, type CommandName } from './help.ts';
import { init } from './init.ts';
import { pause, resume } from './pause.ts';
import { reindex } from './reindex.ts';
import { resync } from './resync.ts';
import { run } from './run.ts';
import { snapshot } from './snapshot.ts';
import { status } from './status.ts';
import { teardown } from './teardown.ts';
import { verify } from './verify.ts';

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

const commands: Readonly<Record<CommandName, Command>> = {
  check,
  init,
  run,
  snapshot,
  reindex,
  resync,
  pause,
  resume,
  'dead-letters': deadLetters,
  status,
  teardown,
  verify,
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
  return commands[name](context).catch((error: unknown) => {
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

/** One line of cause, one of fix; a fault of our own comes with its stack. */
function reportFailure(error: unknown): number {
  const known = error instanceof ProjectorError ? error : asRefusal(error);
  if (known) {
    console.error(`${known.code}: ${known.message}\n  fix: ${known.fix}`);
    return known.exitCode;
  }
  console.error(`PROJ_INTERNAL: ${stackOf(error)}`);
  console.error(
    '  fix: This is a fault of the service itself, or of a server; start again, and report it with the above.',
  );
  return 1;
}

/** The stacks of an error and its causes, and no more: a client's error may carry the command that failed, or a login. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? ` [${error.code}]` : '';
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  const stacks = causes.filter((cause) => cause !== undefined).map((cause) => `caused by: ${stackOf(cause)}`);
  return [`${error.stack ?? error.message}${code}`, ...stacks].join('\n');
}

/** A connection on which a statement hangs would keep the process from ending by itself. */
const EXIT_GRACE_MS = 2_000;

// Node itself would print the error with all that it carries.
process.on('uncaughtException', (error) => process.exit(reportFailure(error)));
process.exitCode = await main(process.argv.slice(2)).catch(reportFailure);
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
