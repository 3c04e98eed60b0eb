import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { LoadError } from './load-error.ts';

const stackEnv = new URL('../../.stack/env', import.meta.url);

/** Where to load to: what was given, else ADMIN_DATABASE_URL of the environment, else that of the local stack. */
export async function findDatabaseUrl(
  given: string | undefined,
  environment: NodeJS.ProcessEnv,
  stackFile: URL = stackEnv,
): Promise<string> {
  const url = given ?? environment['ADMIN_DATABASE_URL'] ?? (await readStackUrl(stackFile));
  if (url === undefined) {
    throw new LoadError(
      'Which database? Give --database-url, set ADMIN_DATABASE_URL, or start a local one with `make stack`.',
    );
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new LoadError('The database URL must look like postgres://user:password@host:port/database.');
  }
  return url;
}

async function readStackUrl(file: URL): Promise<string | undefined> {
  try {
    return parseEnv(await readFile(file, 'utf8'))['ADMIN_DATABASE_URL'];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
