import type { Settings } from './settings.ts';

/** The modes that say for sure what will be. libpq's other two, `allow` and `prefer`, go on in clear text. */
const SSL_MODES: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full'];

/** Parameters of a Postgres URL that mean nothing unless TLS is asked for. */
const SSL_DETAILS = ['sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation'];

/** What does not go together in what the settings say of TLS and logins: a line each, without any value. */
export function findTlsProblems(settings: Partial<Settings>): string[] {
  const { databaseUrl, adminDatabaseUrl, redisUrl, redisCaFile, elasticsearchUrls = [] } = settings;
  const { elasticsearchCaFile, elasticsearchApiKey } = settings;
  const problems = postgresProblems('DATABASE_URL', databaseUrl);
  if (adminDatabaseUrl !== databaseUrl) {
    problems.push(...postgresProblems('ADMIN_DATABASE_URL', adminDatabaseUrl));
  }
  if (redisCaFile && redisUrl && !redisUrl.startsWith('rediss:')) {
    problems.push('REDIS_CA_FILE is for a REDIS_URL that begins with rediss://, for TLS');
  }
  if (elasticsearchCaFile && elasticsearchUrls.some((url) => !url.startsWith('https:'))) {
    problems.push('ELASTICSEARCH_CA_FILE is for URLs in ELASTICSEARCH_URL that begin with https://, for TLS');
  }
  if (elasticsearchApiKey && elasticsearchUrls.some((url) => URL.parse(url)?.username)) {
    problems.push(
      'ELASTICSEARCH_API_KEY and a user in ELASTICSEARCH_URL are both set; leave one of them out',
    );
  }
  return problems;
}

/** https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
function postgresProblems(variable: string, url: string | undefined): string[] {
  const parameters = URL.parse(url ?? '')?.searchParams ?? new URLSearchParams();
  const mode = parameters.get('sslmode');
  const problem = (text: string): string[] => [`${variable}: ${text}`];
  for (const name of ['ssl', 'uselibpqcompat']) {
    if (parameters.has(name)) return problem(`libpq knows no ${name}; say sslmode`);
  }
  if (mode === null) {
    const idle = SSL_DETAILS.find((name) => parameters.has(name));
    return idle === undefined ? [] : problem(`${idle} means nothing without sslmode`);
  }
  if (!SSL_MODES.includes(mode)) return problem(`sslmode must be one of ${SSL_MODES.join(', ')}`);
  if (mode === 'verify-ca' && !parameters.has('sslrootcert')) {
    return problem('sslmode=verify-ca needs sslrootcert, the path of the CA in a PEM file');
  }
  if (mode !== 'verify-full' && parameters.get('sslrootcert') === 'system') {
    return problem('sslrootcert=system needs sslmode=verify-full');
  }
  return [];
}
