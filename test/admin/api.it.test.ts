import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { checkout } from '../../dev/stack/paths.ts';
import { createDatabase, type TestDatabase } from '../support/servers.ts';
import {
  administrator,
  emptyFilm,
  openSite,
  siteEnvironment,
  type Row,
  type Site,
  type Visitor,
} from './support/site.ts';

/** What an answer says, to be compared at once. */
interface Answer {
  readonly status: number;
  readonly code?: string | undefined;
  readonly problems?: Record<string, string>;
}

function summary(response: LightMyRequestResponse): Answer {
  if (response.statusCode < 400) return { status: response.statusCode };
  const { error } = response.json<{
    error: { code: string; problems?: Record<string, { code: string }> };
  }>();
  const problems = Object.entries(error.problems ?? {}).map(([field, problem]) => [field, problem.code]);
  return {
    status: response.statusCode,
    code: error.code,
    ...(problems.length > 0 && { problems: Object.fromEntries(problems) as Record<string, string> }),
  };
}

const nobody = '00000000-0000-4000-8000-000000000000';

/** The row as an editor sends it back. */
function editable(row: Row): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'id' && name !== 'film_count'));
}

describe("the films' site", () => {
  let database: TestDatabase;
  let site: Site;
  let olga: Visitor;

  before(async () => {
    database = await createDatabase();
    site = await openSite(database);
    olga = await site.logIn();
  });
  after(async () => {
    await site[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const create = (kind: string, row: object): Promise<Row> => olga.create(kind, row);
  const films = async (query: string): Promise<{ rows: Row[]; total: number }> => {
    const answer = await olga.ask('GET', `/films?${query}`);
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json();
  };
  const titles = async (query: string): Promise<unknown[]> =>
    (await films(query)).rows.map(({ title }) => title);

  describe('to those who have not logged in', () => {
    const open = [
      /^(GET|HEAD) \/api\/health$/,
      /^(GET|HEAD|OPTIONS) \/api\/docs/,
      /^(GET|HEAD) \/api\/v1\//,
      /^POST \/api\/admin\/login$/,
      // The pages themselves.
      /^(GET|HEAD) \/(assets\/\*|icon\.svg|film\/:id|person\/:id|admin)?$/,
    ];

    it('closes every route but the login and what is public', async () => {
      const refused: string[] = [];
      for (const { method, url } of site.routes) {
        if (open.some((pattern) => pattern.test(`${method} ${url}`))) continue;
        const answer = await site.ask({ method: method, url: url.replace(':id', nobody) });
        assert.equal(answer.statusCode, 401, `${method} ${url}`);
        refused.push(`${method} ${url}`);
      }
      assert.ok(refused.includes('PUT /api/admin/films/:id') && refused.length > 20, refused.join('\n'));
    });

    it('says nothing of what there is at other addresses', async () => {
      assert.equal((await site.ask({ url: '/api/admin/secrets' })).statusCode, 401);
    });
  });

  describe('logging in', () => {
    const logIn = (payload: object, from: string, headers = {}): Promise<LightMyRequestResponse> =>
      site.ask({ method: 'POST', url: '/api/admin/login', payload, remoteAddress: from, headers });

    it('takes the password and nothing else', async () => {
      const wrong = { status: 401, code: 'wrong_login' };
      assert.deepEqual(summary(await logIn({ ...administrator, password: 'no' }, '10.0.0.1')), wrong);
      assert.deepEqual(summary(await logIn({ ...administrator, name: 'nobody' }, '10.0.0.1')), wrong);
      assert.deepEqual(summary(await logIn({ name: 'olga' }, '10.0.0.1')).status, 400);
      assert.equal((await logIn(administrator, '10.0.0.1')).statusCode, 200);
    });

    it('gives a cookie that no script and no other site sees', async () => {
      const [cookie] = (await logIn(administrator, '10.0.0.2')).cookies;
      assert.deepEqual(
        { ...cookie, value: '' },
        { name: 'session', value: '', path: '/', httpOnly: true, sameSite: 'Strict' },
      );
      const byTls = await site.ask({
        method: 'POST',
        url: '/api/admin/login',
        payload: administrator,
        headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '10.0.0.3' },
      });
      assert.equal(byTls.cookies[0]?.name, '__Host-session');
      assert.equal(byTls.cookies[0].secure, true);
    });

    it('begins another session, and ends the one before', async () => {
      const first = await site.logIn();
      const second = await logIn(administrator, '10.0.0.4', { cookie: first.cookie });
      assert.notEqual(`session=${second.cookies[0]?.value}`, first.cookie);
      assert.equal((await first.ask('GET', '/session')).statusCode, 401);
    });

    it('ends with this session, or with all of them', async () => {
      const [one, two, three] = [await site.logIn(), await site.logIn(), await site.logIn()];
      assert.equal((await one.ask('POST', '/logout')).statusCode, 204);
      assert.equal((await one.ask('GET', '/session')).statusCode, 401);
      assert.deepEqual((await two.ask('GET', '/session')).json<{ name: string }>().name, 'olga');
      assert.equal((await two.ask('POST', '/logout-everywhere')).statusCode, 204);
      assert.equal((await three.ask('GET', '/session')).statusCode, 401);
      olga = await site.logIn();
    });

    it('has to wait after ten attempts a minute from one address', async () => {
      const attempts: number[] = [];
      for (let i = 0; i < 11; i++) {
        attempts.push((await logIn({}, '10.0.0.5')).statusCode);
      }
      assert.deepEqual(attempts, [...Array<number>(10).fill(400), 429]);
      assert.equal((await logIn(administrator, '10.0.0.6')).statusCode, 200);
    });

    it('is refused when another site sends it', async () => {
      const crossSite = { status: 403, code: 'cross_site' };
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'http://evil.example' },
      ]) {
        assert.deepEqual(summary(await logIn(administrator, '10.0.0.7', headers)), crossSite);
      }
      assert.equal(
        (await logIn(administrator, '10.0.0.7', { 'sec-fetch-site': 'same-origin' })).statusCode,
        200,
      );
    });
  });

  describe('an administrator', () => {
    /** Runs `npm run admin -- …` with this on stdin. */
    const command = async (args: readonly string[], input = ''): Promise<{ code: unknown; out: string }> => {
      const child = spawn(process.execPath, [join(checkout, 'admin/server/main.ts'), ...args], {
        env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...siteEnvironment(database) },
      });
      child.stdin.end(input);
      const [out, error, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number]>,
      ]);
      return { code, out: out + error };
    };

    it('is made and given a password on the command line, and logged out when that changes', async () => {
      const short = await command(['create-user', 'ivan'], 'short\n');
      assert.deepEqual(short, { code: 1, out: 'A password has 12 to 256 characters.\n' });
      const made = await command(['create-user', 'ivan'], 'a long enough one\n');
      assert.deepEqual(made, { code: 0, out: 'ivan may log in now.\n' });
      const logIn = (password: string): Promise<LightMyRequestResponse> =>
        site.ask({
          method: 'POST',
          url: '/api/admin/login',
          payload: { name: 'ivan', password },
          remoteAddress: '10.0.1.1',
        });
      const [cookie] = (await logIn('a long enough one')).cookies;
      const again = await command(['create-user', 'ivan'], 'a long enough one');
      assert.deepEqual(again, { code: 1, out: 'There is an administrator ivan already.\n' });
      assert.equal((await command(['set-password', 'ivan'], 'another long one')).code, 0);
      const { statusCode } = await site.ask({
        url: '/api/admin/session',
        headers: { cookie: `session=${cookie?.value}` },
      });
      assert.equal(statusCode, 401);
      assert.equal((await logIn('a long enough one')).statusCode, 401);
      assert.equal((await logIn('another long one')).statusCode, 200);
      assert.match((await command(['list-users'])).out, /^ivan {2}since \d{4}-\d\d-\d\d\nolga/);
      assert.equal((await command(['delete-user', 'ivan'])).code, 0);
      assert.equal((await logIn('another long one')).statusCode, 401);
    });

    it('has a password that the service cannot read', async () => {
      await using service = await database.connect(database.url);
      await assert.rejects(service.query('select * from site.administrator'), { code: '42501' });
      const [row] = await site.services.database.query<{ password_hash: string }>(
        'select password_hash from site.administrator',
      );
      assert.match(row?.password_hash ?? '', /^\$scrypt\$ln=15,r=8,p=3\$/);
    });
  });

  describe('a film', () => {
    it('is made, changed and deleted with its genres and people', async () => {
      const drama = await create('genres', { name: 'Drama', description: null });
      const noir = await create('genres', { name: 'Noir', description: 'Dark' });
      const ann = await create('persons', { full_name: 'Ann Lee', birth_date: '1970-02-28' });
      const made = await create('films', {
        ...emptyFilm,
        title: '  Лето  ',
        rating: 7.5,
        type: 'movie',
        creation_date: '1999-12-31',
        genres: [noir.id, drama.id],
        people: [
          { person_id: ann.id, role: 'actor' },
          { person_id: ann.id, role: 'director' },
        ],
      });
      const { id, modified, ...row } = made;
      assert.deepEqual(row, {
        ...emptyFilm,
        title: 'Лето',
        rating: 7.5,
        type: 'movie',
        creation_date: '1999-12-31',
        genres: [drama.id, noir.id],
        people: [
          { person_id: ann.id, role: 'director' },
          { person_id: ann.id, role: 'actor' },
        ],
      });
      assert.match(modified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);

      const changed = await olga.ask('PUT', `/films/${id}`, {
        ...editable(made),
        genres: [drama.id],
        people: [],
      });
      assert.equal(changed.statusCode, 200, changed.body);
      const now = changed.json<Row>();
      assert.deepEqual([now['genres'], now['people']], [[drama.id], []]);
      assert.ok(now.modified > modified);
      const unchanged = await olga.ask('PUT', `/films/${id}`, editable(now));
      assert.equal(unchanged.json<Row>().modified, now.modified);

      assert.deepEqual(summary(await olga.ask('DELETE', `/films/${id}?modified=${modified}`)), {
        status: 409,
        code: 'conflict',
      });
      assert.equal((await olga.ask('DELETE', `/films/${id}?modified=${now.modified}`)).statusCode, 204);
      assert.deepEqual(summary(await olga.ask('GET', `/films/${id}`)), { status: 404, code: 'not_found' });
    });

    it('is not overwritten by who has read an older state', async () => {
      const made = await create('films', { ...emptyFilm, title: 'Two editors' });
      const edits = ['First', 'Second'].map((title) =>
        olga.ask('PUT', `/films/${made.id}`, { ...editable(made), title }),
      );
      const answers = await Promise.all(edits);
      assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [200, 409]);
      const kept = answers.find(({ statusCode }) => statusCode === 200)?.json<Row>();
      assert.deepEqual((await olga.ask('GET', `/films/${made.id}`)).json(), kept);
    });

    it('is refused with what is wrong of each field, and not stored', async () => {
      const genre = await create('genres', { name: 'Crime', description: null });
      const { total } = await films('');
      const good = { ...emptyFilm, title: 'Good' };
      const cases: [object, Record<string, string>][] = [
        [{ ...good, title: '  ' }, { title: 'required' }],
        [{ ...good, title: null }, { title: 'required' }],
        [{ ...good, title: 'x'.repeat(501) }, { title: 'too_long' }],
        [{ ...good, title: 'a\0b' }, { title: 'unstorable' }],
        [{ ...good, title: '\ud800' }, { title: 'unstorable' }],
        [{ ...good, title: { $gt: '' } }, { title: 'invalid' }],
        [
          { ...good, rating: 10.1, type: 'opera' },
          { rating: 'too_big', type: 'invalid' },
        ],
        [{ ...good, rating: '5' }, { rating: 'invalid' }],
        [{ ...good, creation_date: '2023-02-29' }, { creation_date: 'invalid' }],
        [{ ...good, color: 'red' }, { color: 'unknown_field' }],
        [{ ...good, id: nobody }, { id: 'unknown_field' }],
        [{ ...good, genres: ['1 or 1=1'] }, { 'genres.0': 'invalid' }],
        [{ ...good, genres: [genre.id, genre.id] }, { genres: 'duplicate' }],
        [{ ...good, genres: [genre.id, nobody] }, { genres: 'gone' }],
        [{ ...good, people: [{ person_id: nobody, role: 'actor' }] }, { people: 'gone' }],
        [{ ...good, people: [{ person_id: nobody, role: 'cook' }] }, { 'people.0.role': 'invalid' }],
        [{ ...good, people: [{ role: 'actor' }] }, { 'people.0.person_id': 'required' }],
        [[], { '': 'invalid' }],
      ];
      for (const [body, problems] of cases) {
        const answer = await olga.ask('POST', '/films', body);
        assert.deepEqual(summary(answer), { status: 400, code: 'invalid', problems }, answer.body);
      }
      assert.equal((await films('')).total, total);
    });

    it('may hold any text, which stays text', async () => {
      for (const title of [
        `<script>alert(1)</script>`,
        `'; drop table content.film_work; --`,
        '%_\\',
        '😀 Ё',
      ]) {
        const made = await create('films', { ...emptyFilm, title });
        assert.deepEqual(await titles(`q=${encodeURIComponent(title)}`), [title]);
        assert.equal(
          (await olga.ask('DELETE', `/films/${made.id}?modified=${made.modified}`)).statusCode,
          204,
        );
      }
    });

    it('is refused in a body that is too large, no JSON, or of another type', async () => {
      const large = await olga.ask('POST', '/films', {
        ...emptyFilm,
        title: 'x',
        description: 'x'.repeat(300_000),
      });
      assert.deepEqual(summary(large), { status: 413, code: 'too_large' });
      const headers = { cookie: olga.cookie, 'content-type': 'application/json' };
      const post = (payload: string, type = headers['content-type']): Promise<LightMyRequestResponse> =>
        site.ask({
          method: 'POST',
          url: '/api/admin/films',
          headers: { ...headers, 'content-type': type },
          payload,
        });
      assert.deepEqual(summary(await post('{"title":')), { status: 400, code: 'invalid' });
      assert.deepEqual(summary(await post('{"__proto__":{"x":1}}')), { status: 400, code: 'invalid' });
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        assert.deepEqual(summary(await post('{}', type)), { status: 415, code: 'unsupported' });
      }
    });
  });

  describe('addresses', () => {
    it('that are not well formed are refused', async () => {
      const refused: [string, Record<string, string>][] = [
        ['/films/1', { id: 'invalid' }],
        ['/films/1%27%20or%20true', { id: 'invalid' }],
        ['/films?page=0', { page: 'too_small' }],
        ['/films?page=x', { page: 'invalid' }],
        ['/films?per_page=101', { per_page: 'too_big' }],
        ['/films?sort=title;drop', { sort: 'invalid' }],
        ['/films?order=asc,id', { order: 'invalid' }],
        ['/films?genre=noir', { genre: 'invalid' }],
        ['/films?colour=red', { colour: 'unknown_field' }],
        ['/films?year_from=99999', { year_from: 'too_big' }],
        ['/films?q=%00', {}],
        ['/persons/some?ids=1,2', { 'ids.0': 'invalid', 'ids.1': 'invalid' }],
      ];
      for (const [url, problems] of refused) {
        const answer = await olga.ask('GET', url);
        const { problems: found = {}, ...rest } = summary(answer);
        assert.deepEqual([rest, found], [{ status: 400, code: 'invalid' }, problems], url);
      }
    });
  });

  describe('a list of films', () => {
    let western: Row;
    let clint: Row;

    before(async () => {
      western = await create('genres', { name: 'Western', description: null });
      clint = await create('persons', { full_name: 'Clint E.', birth_date: null });
      for (const [title, rating, year, type] of [
        ['Dust C', 5, 1950, 'movie'],
        ['Dust A', 9, 1970, 'movie'],
        ['Dust B', null, 1960, 'tv_show'],
        ['dust D', 7, null, null],
      ] as const) {
        await create('films', {
          ...emptyFilm,
          title,
          rating,
          type,
          creation_date: year && `${year}-01-01`,
          genres: title === 'Dust B' ? [] : [western.id],
          people: title === 'Dust A' ? [{ person_id: clint.id, role: 'actor' }] : [],
        });
      }
    });

    it('is narrowed by text, type, genre, person, rating and year', async () => {
      const all = 'q=dUsT&sort=title';
      assert.equal((await films(all)).total, 4);
      assert.deepEqual(await titles(`${all}&type=tv_show`), ['Dust B']);
      assert.deepEqual(await titles(`${all}&genre=${western.id}&rating_from=5&rating_to=8`), [
        'Dust C',
        'dust D',
      ]);
      assert.deepEqual(await titles(`${all}&person=${clint.id}`), ['Dust A']);
      assert.deepEqual(await titles(`${all}&year_from=1951&year_to=1970`), ['Dust A', 'Dust B']);
    });

    it('is sorted, what is unknown last, and cut into pages', async () => {
      assert.deepEqual(await titles('q=dust&sort=rating&order=desc'), [
        'Dust A',
        'dust D',
        'Dust C',
        'Dust B',
      ]);
      assert.deepEqual(await titles('q=dust&sort=creation_date&per_page=2&page=2'), ['Dust A', 'dust D']);
    });

    it('loses several at once, and persons and genres say how many films they have', async () => {
      const person = await olga.ask('GET', `/persons/${clint.id}`);
      assert.equal(person.json<Row>()['film_count'], 1);
      const { rows } = await films('q=dust');
      const marked = { ids: rows.slice(0, 2).map(({ id }) => id) };
      assert.equal((await olga.ask('POST', '/films/delete', marked)).statusCode, 204);
      assert.equal((await films('q=dust')).total, 2);
      const genre = await olga.ask('GET', `/genres/${western.id}`);
      assert.equal(genre.json<Row>()['film_count'], 2);
    });
  });

  describe('persons and genres', () => {
    it('are found by a part of their names, those that begin so first, and read by their ids', async () => {
      const names = ['Ed Anders', 'Anders Bo', 'Cy Anders'];
      const made: Row[] = [];
      for (const full_name of names) made.push(await create('persons', { full_name, birth_date: null }));
      const found = await olga.ask('GET', '/persons?q=anders');
      assert.deepEqual(
        found.json<{ rows: Row[] }>().rows.map((row) => row['full_name']),
        ['Anders Bo', 'Cy Anders', 'Ed Anders'],
      );
      const ids = made.map(({ id }) => id).join(',');
      const some = await olga.ask('GET', `/persons/some?ids=${ids},${nobody}`);
      assert.equal(some.json<Row[]>().length, 3);
    });

    it('have names that are taken once', async () => {
      const one = await create('genres', { name: 'Satire', description: null });
      const taken = { status: 400, code: 'invalid', problems: { name: 'taken' } };
      assert.deepEqual(
        summary(await olga.ask('POST', '/genres', { name: 'Satire', description: null })),
        taken,
      );
      const other = await create('genres', { name: 'Farce', description: null });
      assert.deepEqual(
        summary(await olga.ask('PUT', `/genres/${other.id}`, { ...editable(other), name: 'Satire' })),
        taken,
      );
      const renamed = await olga.ask('PUT', `/genres/${one.id}`, { ...editable(one), name: 'Parody' });
      assert.equal(renamed.json<Row>()['name'], 'Parody');
    });
  });

  describe('the public API', () => {
    interface Movies {
      readonly count: number;
      readonly total_pages: number;
      readonly prev: number | null;
      readonly next: number | null;
      readonly results: readonly Row[];
    }
    const movies = async (query: string): Promise<Movies> =>
      (await site.ask({ url: `/api/v1/movies/${query}` })).json();

    before(async () => {
      await using admin = await database.connect();
      await admin.query(`truncate content.film_work, content.person, content.genre cascade`);
      await admin.query(
        `insert into content.film_work (title) select 'Film ' || lpad(i::text, 3, '0') from generate_series(1, 101) as i`,
      );
      const genre = await create('genres', { name: 'Drama', description: null });
      const person = await create('persons', { full_name: 'Ann Lee', birth_date: null });
      await create('films', {
        ...emptyFilm,
        title: 'A film',
        rating: 8.5,
        type: 'movie',
        genres: [genre.id],
        people: [
          { person_id: person.id, role: 'writer' },
          { person_id: person.id, role: 'actor' },
        ],
      });
    });

    it('gives 50 films a page', async () => {
      const first = await movies('');
      const { id, ...film } = first.results[0] ?? {};
      assert.match(String(id), /^[0-9a-f-]{36}$/);
      assert.deepEqual(film, {
        title: 'A film',
        description: null,
        creation_date: null,
        rating: 8.5,
        type: 'movie',
        genres: ['Drama'],
        actors: ['Ann Lee'],
        directors: [],
        writers: ['Ann Lee'],
      });
      const pages = ['?page=1', '?page=2', '?page=3', '?page=last'].map(movies);
      assert.deepEqual(
        (await Promise.all(pages)).map(({ count, total_pages, prev, next, results }) => [
          count,
          total_pages,
          prev,
          next,
          results.length,
        ]),
        [
          [102, 3, null, 2, 50],
          [102, 3, 1, 3, 50],
          [102, 3, 2, null, 2],
          [102, 3, 2, null, 2],
        ],
      );
    });

    it('gives one film, or 404', async () => {
      const [film] = (await movies('')).results;
      for (const slash of ['/', '']) {
        assert.deepEqual((await site.ask({ url: `/api/v1/movies/${film?.id}${slash}` })).json(), film);
      }
      for (const [url, status] of [
        [nobody, 404],
        ['1', 400],
        ['?page=0', 400],
        ['?page=4', 404],
        ['?page=first', 400],
        ['?limit=9', 400],
      ] as const) {
        assert.equal((await site.ask({ url: `/api/v1/movies/${url}` })).statusCode, status, url);
      }
    });

    it('describes itself, and nothing that is closed', async () => {
      assert.equal((await site.ask({ url: '/api/docs/' })).statusCode, 200);
      const { openapi, paths } = (await site.ask({ url: '/api/docs/json' })).json<{
        openapi: string;
        paths: Record<string, unknown>;
      }>();
      assert.equal(openapi, '3.1.0');
      assert.ok('/api/v1/movies/' in paths && '/api/v1/movies/{id}/' in paths);
      assert.deepEqual(
        Object.keys(paths).filter((path) => !path.startsWith('/api/v1/')),
        [],
      );
    });
  });
});
