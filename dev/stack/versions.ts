/** The npm package of each version of Postgres; null for the newest, which package.json names. */
const postgresPackages = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: null,
} as const;

/** Elasticsearch's versions on Maven Central; null for the newest, which dev/elasticsearch/pom.xml names. */
const elasticsearchArtifacts = { 8: '8.19.5', 9: null } as const;

/** The version of Postgres that Debian 12 has wal2json for. */
const wal2jsonMajor = '15';

export interface Version {
  readonly major: number;
  /** The exact version to be fetched; null for the usual one. */
  readonly exact: string | null;
  /** Tells the data of the versions apart; empty for the usual one. */
  readonly suffix: string;
}

export interface Versions {
  readonly postgres: Version;
  /** Whether Postgres has the output plugin wal2json. */
  readonly wal2json: boolean;
  readonly elasticsearch: Version;
}

/**
 * What `PG`, `ES` and `DECODER` of the environment ask for, as in `make test PG=14 ES=8`.
 *
 * @throws Error that says which there are, when another one is asked for.
 */
export function wantedVersions(env: NodeJS.ProcessEnv = process.env): Versions {
  const wal2json = env['DECODER'] === 'wal2json';
  const postgres = env['PG'] || (wal2json ? wal2jsonMajor : '18');
  if (wal2json && postgres !== wal2jsonMajor)
    throw new Error(`wal2json is there for PG=${wal2jsonMajor} only.`);
  const version = choose('PG', postgres, postgresPackages);
  return {
    postgres: wal2json ? { ...version, suffix: `${version.suffix}-wal2json` } : version,
    wal2json,
    elasticsearch: choose('ES', env['ES'] || '9', elasticsearchArtifacts),
  };
}

function choose(
  variable: string,
  wanted: string,
  versions: Readonly<Record<string, string | null>>,
): Version {
  const exact = versions[wanted];
  if (exact === undefined) {
    throw new Error(`${variable}=${wanted} is none of ${Object.keys(versions).join(', ')}.`);
  }
  return { major: Number(wanted), exact, suffix: exact === null ? '' : `-${wanted}` };
}
