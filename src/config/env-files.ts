import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ProjectorError } from '../ops/errors.ts';
import type { Environment } from './settings.ts';

/** Read by every command where present, the earlier before the later: one's own, then what `make stack` wrote. */
const envFiles = ['.env', '.stack/env'];

/**
 * `env` with what it lacks taken from `.env` and `.stack/env` in `directory`. A variable that is set, even to nothing,
 * wins over those further back; so does `NAME_FILE` over `NAME` and the other way round, since both mean one setting.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` for a file that is there and cannot be read.
 */
export function withEnvFiles(env: Environment, directory: string): Environment {
  return envFiles.reduce((merged, name) => underlay(merged, readEnvFile(join(directory, name))), env);
}

function underlay(above: Environment, below: Environment): Environment {
  const taken = new Set(Object.keys(above).map(settingName));
  const added = Object.entries(below).filter(([name]) => !taken.has(settingName(name)));
  return { ...Object.fromEntries(added), ...above };
}

function settingName(name: string): string {
  return name.replace(/_FILE$/, '');
}

function readEnvFile(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProjectorError(
      'PROJ_SETTINGS_INVALID',
      `${path} cannot be read: ${reason}`,
      'Make it readable, or remove it.',
      { cause: error },
    );
  }
}
