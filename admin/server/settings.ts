import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const url = (...schemes: readonly string[]) =>
  z.string().refine((text) => schemes.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ''), {
    error: `must be a ${schemes.map((scheme) => `${scheme}://`).join(' or ')} URL`,
  });

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));

/** Each is an environment variable. An empty one counts as unset. */
const settings = z.object({
  /** The films' database, as the role films_admin. */
  FILMS_DATABASE_URL: url('postgres', 'postgresql'),
  /** Keeps sessions, counts of logins, and the times of the last edits. */
  REDIS_URL: url('redis', 'rediss'),
  /** Has the indexes that the service fills; one node or several, with commas between. */
  ELASTICSEARCH_URL: z
    .string()
    .transform((list) => list.split(',').map((each) => each.trim()))
    .pipe(z.array(url('http', 'https'))),
  /** The service's own INDEX_PREFIX. */
  INDEX_PREFIX: z.string().default(''),
  SITE_HOST: z.string().default('127.0.0.1'),
  /** 0: any free one. */
  SITE_PORT: wholeNumber(0, 65_535).default(8080),
  /** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks, `loopback`. */
  SITE_TRUST_PROXY: z.string().default('loopback'),
  /** Before the name of everything that the site keeps in Redis. */
  SITE_REDIS_PREFIX: z.string().default('movies-admin:'),
  /** The front end as `npm run build` makes it; another server may serve it instead. */
  SITE_FRONT_END: z.string().default(resolve(import.meta.dirname, '../web/dist')),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export type Settings = z.output<typeof settings>;

/** Those that may come as a file, `NAME_FILE`. */
const secrets = ['FILMS_DATABASE_URL', 'REDIS_URL', 'ELASTICSEARCH_URL'];

/** @throws Error that lists everything wrong at once, by variable, and shows no value. */
export function loadSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given: Record<string, string> = {};
  for (const name of Object.keys(settings.shape)) {
    const value = env[name] || (secrets.includes(name) ? readSecret(env[`${name}_FILE`]) : undefined);
    if (value) given[name] = value;
  }
  const result = settings.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${String(issue.path[0])}: ${issue.message}`);
  throw new Error(['The settings are not valid:', ...lines].join('\n'));
}

function readSecret(path: string | undefined): string | undefined {
  return path ? readFileSync(path, 'utf8').trim() : undefined;
}

/** Adds what the environment lacks from `.env` and `.stack/env`, where they are. */
export function loadEnvFiles(): void {
  for (const file of ['.env', '.stack/env']) if (existsSync(file)) process.loadEnvFile(file);
}
