import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ProjectorError } from '../ops/errors.ts';
import { findStrayVariables } from './stray-variables.ts';
import { listSettings, type Setting, type settingsTable } from './table.ts';
import { findTlsProblems } from './tls-problems.ts';

/** The service's settings, parsed: units and meaning are in the table. */
export type Settings = {
  readonly [Key in keyof typeof settingsTable]: z.output<(typeof settingsTable)[Key]['type']['schema']>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

type ReadFile = (path: string) => string;

/** What one variable came to: a value, or a line about what is wrong with it. */
type Outcome = { readonly value: unknown } | { readonly problem: string };

/**
 * The settings that `env` gives. An empty variable counts as unset. A secret may come as `NAME_FILE`, the path of a
 * file; a newline at its end is dropped.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` that lists everything wrong at once, by variable, with what was
 *   expected, and never with a secret's value.
 */
export function loadSettings(
  env: Environment,
  readFile: ReadFile = (path) => readFileSync(path, 'utf8'),
): Settings {
  const problems = findStrayVariables(env).errors;
  const values: Record<string, unknown> = {};
  for (const setting of listSettings()) {
    const outcome = readSetting(setting, env, readFile);
    if ('problem' in outcome) problems.push(outcome.problem);
    else values[setting.key] = outcome.value;
  }
  // Each key of the table has been given the output of its own schema, unless there is a problem.
  const settings = values as Settings;
  if (settings.debounceQuietMs > settings.debounceMaxWaitMs) {
    problems.push(
      'DEBOUNCE_QUIET_MS must not be longer than DEBOUNCE_MAX_WAIT_MS, which would always come first',
    );
  }
  problems.push(...findTlsProblems(settings));
  if (problems.length > 0) {
    throw new ProjectorError(
      'PROJ_SETTINGS_INVALID',
      ['The settings are not valid:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
      'Set them in the environment, .env or .stack/env; `projector --help` describes every setting.',
    );
  }
  return settings;
}

function readSetting(setting: Setting, env: Environment, readFile: ReadFile): Outcome {
  const given = readText(setting, env, readFile);
  if (given !== undefined && 'problem' in given) return given;
  if (given !== undefined) return parse(setting, given.value, env);
  if (typeof setting.default === 'string') return parse(setting, setting.default, env);
  if (setting.default !== undefined) return readDefaultOf(setting.default.sameAs, env, readFile);
  const orFile = setting.secret ? ` (or ${setting.env}_FILE)` : '';
  return { problem: `${setting.env}${orFile} is not set; it must be ${setting.type.expected}` };
}

/** The value of another variable; what is wrong with that one is reported under its own name alone. */
function readDefaultOf(name: string, env: Environment, readFile: ReadFile): Outcome {
  const other = listSettings().find((setting) => setting.env === name);
  const outcome = other === undefined ? { value: undefined } : readSetting(other, env, readFile);
  return 'problem' in outcome ? { value: undefined } : outcome;
}

/** The setting's text from the variable or its file; undefined when neither is given. */
function readText(
  setting: Setting,
  env: Environment,
  readFile: ReadFile,
): { value: string } | { problem: string } | undefined {
  const direct = env[setting.env] ?? '';
  const file = setting.secret ? (env[`${setting.env}_FILE`] ?? '') : '';
  if (direct !== '' && file !== '') {
    return { problem: `${setting.env} and ${setting.env}_FILE are both set; leave one of them out` };
  }
  if (direct !== '') return { value: direct };
  if (file === '') return undefined;
  try {
    const value = readFile(file).replace(/\r?\n$/, '');
    return value === '' ? { problem: `${setting.env}_FILE: ${file} is empty` } : { value };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `${setting.env}_FILE cannot be read: ${reason}` };
  }
}

function parse(setting: Setting, value: string, env: Environment): Outcome {
  const result = setting.type.schema.safeParse(value);
  if (result.success) return { value: result.data };
  const name = setting.secret && (env[setting.env] ?? '') === '' ? `${setting.env}_FILE` : setting.env;
  const found = setting.secret
    ? 'what is there is not shown; special characters in a password are percent-encoded'
    : `not ${JSON.stringify(value)}`;
  return { problem: `${name} must be ${setting.type.expected} (${found})` };
}
