import { parseArgs } from 'node:util';

/** What a command line of `npm run load` asks for. */
export type Command = { readonly kind: 'help' } | ({ readonly databaseUrl: string | undefined } & Source);

export type Source =
  | { readonly kind: 'films' }
  | { readonly kind: 'generated'; readonly films: number; readonly seed: number }
  | { readonly kind: 'ndjson'; readonly path: string }
  | { readonly kind: 'sqlite'; readonly path: string };

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the arguments behind the script's name. Throws `UsageError`. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = split(args);
  if (values.help === true) return { kind: 'help' };
  const [kind, ...rest] = positionals;
  const databaseUrl = values['database-url'];

  if (kind !== 'generated' && (values.films ?? values.seed) !== undefined) {
    throw new UsageError('--films and --seed belong to `generated`.');
  }
  switch (kind) {
    case 'films':
      requireNone(kind, rest);
      return { kind, databaseUrl };
    case 'generated':
      requireNone(kind, rest);
      return {
        kind,
        databaseUrl,
        films: wholeNumber('--films', values.films, 1),
        seed: wholeNumber('--seed', values.seed ?? '1', 0),
      };
    case 'ndjson':
    case 'sqlite':
      return { kind, databaseUrl, path: onlyPath(kind, rest) };
    case undefined:
      throw new UsageError('Load what? One of films, generated, ndjson, sqlite.');
    default:
      throw new UsageError(`There is no source "${kind}": it is one of films, generated, ndjson, sqlite.`);
  }
}

function split(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        films: { type: 'string' },
        seed: { type: 'string' },
        'database-url': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function requireNone(kind: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`\`${kind}\` takes no "${rest.join(' ')}".`);
}

function onlyPath(kind: string, rest: readonly string[]): string {
  const [path] = rest;
  if (path === undefined || rest.length > 1) {
    throw new UsageError(`\`${kind}\` takes one file: npm run load -- ${kind} PATH`);
  }
  return path;
}

function wholeNumber(option: string, text: string | undefined, least: number): number {
  if (text === undefined) throw new UsageError(`\`generated\` needs ${option}.`);
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > 2 ** 31 - 1) {
    throw new UsageError(`${option} must be a whole number from ${least} to 2147483647, not "${text}".`);
  }
  return number;
}
