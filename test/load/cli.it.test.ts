import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDatabase, type TestDatabase } from '../support/servers.ts';
import { oldDatabase, oldRows, oldTables } from './old-database.ts';

const script = fileURLToPath(new URL('../../dev/load/main.ts', import.meta.url));

describe('npm run load', () => {
  let database: TestDatabase;

  before(async () => {
    database = await createDatabase();
  });

  after(() => database[Symbol.asyncDispose]());

  async function load(...args: readonly string[]) {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ADMIN_DATABASE_URL: database.adminUrl },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    return { code, out: out.replace(/in \d+\.\d s/, 'in a moment'), err };
  }

  it('says what is new, and the second time that nothing is', async () => {
    assert.deepEqual(await load('generated', '--films', '100', '--seed', '4'), {
      code: 0,
      out: '100 films read in a moment: 100 new, with 25 new genres, 83 new persons and 799 new links.\n',
      err: '',
    });
    assert.deepEqual(await load('generated', '--films', '100', '--seed', '4'), {
      code: 0,
      out: '100 films read in a moment: 0 new, with 0 new genres, 0 new persons and 0 new links.\n',
      err: '',
    });
  });

  it('says which links repeat another', async () => {
    await using old = await oldDatabase(
      oldTables,
      oldRows,
      `insert into genre_film_work select 'ffffffff-0000-4000-8000-00000000000a', film_work_id, genre_id, null
         from genre_film_work limit 1`,
    );
    const { code, out } = await load('sqlite', old.path);
    assert.equal(code, 0);
    assert.match(
      out,
      /^2 films read .* and 3 new links\.\nLinks that only repeat another one: 1, each loaded once\.\n$/,
    );
  });

  it('fails with one clear message and loads nothing', async () => {
    await using old = await oldDatabase(
      oldTables,
      oldRows,
      `update film_work set rating = 11, type = 'series'`,
    );
    const { code, out, err } = await load('sqlite', old.path);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.equal(
      err,
      `${old.path} cannot be loaded:
  film_work row 1 (id "3d825f60-9fff-4dfe-b294-1a45fa1e115d"): rating: 11 is not from 0 to 10
  film_work row 1 (id "3d825f60-9fff-4dfe-b294-1a45fa1e115d"): type: "series" is none of movie, tv_show
  film_work row 2 (id "0312ED51-8833-413f-bff5-0e139c11264a"): rating: 11 is not from 0 to 10
  film_work row 2 (id "0312ED51-8833-413f-bff5-0e139c11264a"): type: "series" is none of movie, tv_show
`,
    );
  });

  it('fails with the reason where the database cannot be reached or written', async () => {
    assert.deepEqual(await load('films', '--database-url', 'postgres://nobody@127.0.0.1:1/films'), {
      code: 1,
      out: '',
      err: 'connect ECONNREFUSED 127.0.0.1:1\n',
    });
    assert.deepEqual(await load('films', '--database-url', database.url), {
      code: 1,
      out: '',
      err: 'Postgres: permission denied for table genre\n',
    });
  });

  it('helps, and says where help is', async () => {
    const help = await load('--help');
    assert.equal(help.code, 0);
    for (const source of ['films', 'generated --films N', 'ndjson FILE', 'sqlite PATH']) {
      assert.ok(help.out.includes(`npm run load -- ${source}`));
    }
    assert.deepEqual(await load('movies'), {
      code: 2,
      out: '',
      err:
        'There is no source "movies": it is one of films, generated, ndjson, sqlite.\n' +
        '`npm run load -- --help` tells more.\n',
    });
  });
});
