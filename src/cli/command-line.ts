import { parseArgs } from 'node:util';
import { withEnvFiles } from '../config/env-files.ts';
import { loadSettings, type Environment, type Settings } from '../config/settings.ts';
import { createLogger, type Logger } from '../ops/log.ts';
import { commandHelp, help, isCommand, usage, type CommandName } from './help.ts';

/** A process's stdout or stderr, or what stands for it. */
export type Output = Pick<NodeJS.WriteStream, 'write'> &
  Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'hasColors'>>;

/** Where a command line is run. */
export interface Surroundings {
  readonly env: Environment;
  /** Where `.env` is looked for. */
  readonly directory: string;
  /** Aborted when the command is to end early. */
  readonly stop: AbortSignal;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Where the log goes in place of the process's own stderr. */
  readonly logTo?: Parameters<typeof createLogger>[1];
}

/** What a command is given. */
export interface CommandContext extends Pick<Surroundings, 'stop' | 'stdout' | 'stderr'> {
  readonly settings: Settings;
  readonly log: Logger;
  readonly flags: Flags;
  /** What follows the command's name. */
  readonly words: readonly string[];
  /** Answers with a line on stdout. */
  readonly print: (line: string) => void;
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

/**
 * Does what the words after `projector` say. Gives the exit code.
 *
 * @throws ProjectorError, or whatever else the command has failed for.
 */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { env, directory, stop, stdout, stderr, logTo } = surroundings;
  const print = (line: string): void => void stdout.write(`${line}\n`);
  const { positionals, values: flags } = parseCommandLine(argv);
  const [name, ...words] = positionals;
  if (flags.help || name === undefined || name === 'help') {
    const about = name === 'help' ? words[0] : name;
    print(about !== undefined && isCommand(about) ? commandHelp(about) : help());
    return flags.help || name === 'help' ? 0 : 2;
  }
  if (!isCommand(name) || (words.length > 0 && name !== 'dead-letters')) {
    const word = isCommand(name) ? words.join(' ') : name;
    throw usage(`${word} is not understood here`);
  }
  const settings = loadSettings(withEnvFiles(env, directory));
  const log = createLogger(settings.logLevel, logTo);
  const command = await commands[name]();
  return command({ settings, log, stop, stdout, stderr, flags, words, print }).catch((error: unknown) => {
    if (stop.aborted && error instanceof Error && error.name === 'AbortError') return 1;
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
