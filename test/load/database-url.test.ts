import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { findDatabaseUrl } from '../../dev/load/database-url.ts';
import { LoadError } from '../../dev/load/load-error.ts';

const nowhere = pathToFileURL(join(tmpdir(), 'there', 'is', 'no', 'such', 'file'));

describe('where to load to', () => {
  it('is what was given, else the environment, else the local stack', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'load-'));
    const path = join(folder.path, 'env');
    await writeFile(path, 'DATABASE_URL=postgres://service@h/d\nADMIN_DATABASE_URL=postgres://stack@h/d\n');
    const file = pathToFileURL(path);
    const environment = { ADMIN_DATABASE_URL: 'postgres://environment@h/d' };
    assert.equal(await findDatabaseUrl('postgres://given@h/d', environment, file), 'postgres://given@h/d');
    assert.equal(await findDatabaseUrl(undefined, environment, file), 'postgres://environment@h/d');
    assert.equal(await findDatabaseUrl(undefined, {}, file), 'postgres://stack@h/d');
  });

  it('is asked for where nobody says', async () => {
    await assert.rejects(
      findDatabaseUrl(undefined, {}, nowhere),
      new LoadError(
        'Which database? Give --database-url, set ADMIN_DATABASE_URL, or start a local one with `make stack`.',
      ),
    );
  });

  it('must be a URL of Postgres, and is not repeated where it is not', async () => {
    await assert.rejects(
      findDatabaseUrl('host=secret', {}, nowhere),
      new LoadError('The database URL must look like postgres://user:password@host:port/database.'),
    );
  });
});
