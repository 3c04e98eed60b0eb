import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { markEnd, markStart, type LiveEvent, type SearchResult } from '../../admin/shared/search.ts';
import { openSetting } from '../service/support/setting.ts';
import { eventually, waitFor } from '../support/wait.ts';
import { emptyFilm, openSite, type Row, type Site, type Visitor } from './support/site.ts';

describe('the search, while the service runs', () => {
  it('finds films, and follows them', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    await using site = await openSite(setting.database);
    const olga = await site.logIn();

    const person = (full_name: string): Promise<Row> =>
      olga.create('persons', { full_name, birth_date: null });
    const [drama, comedy] = [
      await olga.create('genres', { name: 'Drama', description: null }),
      await olga.create('genres', { name: 'Comedy', description: null }),
    ];
    const [ann, tarantino, kate] = [
      await person('Ann Wachowski'),
      await person('Quentin Tarantino'),
      await person('Катерина Измайлова'),
    ];
    const film = (title: string, more: object = {}): Promise<Row> =>
      olga.create('films', { ...emptyFilm, title, ...more });
    await film('The Matrix', {
      rating: 8.7,
      creation_date: '1999-03-31',
      genres: [drama.id],
      people: [{ person_id: ann.id, role: 'director' }],
      description: 'A hacker learns of the <b>true</b> nature of his reality.',
    });
    await film('The Matrix Reloaded', { rating: 7.2, creation_date: '2003-05-15', genres: [drama.id] });
    await film('Pulp Fiction', {
      rating: 8.9,
      creation_date: '1994-10-14',
      genres: [comedy.id, drama.id],
      people: [
        { person_id: tarantino.id, role: 'director' },
        { person_id: kate.id, role: 'actor' },
      ],
    });
    await film('Летят журавли', { rating: 8.3, creation_date: '1957-10-12' });
    await film('Running Wolves', { creation_date: '1957-01-01', rating: 1 });
    await film('Undated');
    await setting.covered();

    const search = async (query: string): Promise<SearchResult> => {
      const answer = await site.ask({ url: `/api/v1/search?${query}` });
      assert.equal(answer.statusCode, 200, `${query}: ${answer.body}`);
      return answer.json<SearchResult>();
    };
    const titles = async (query: string): Promise<string[]> =>
      (await search(query)).hits.map((hit) => hit.film.title);
    await eventually(async () => assert.equal((await search('')).total, 6));

    await t.test('by words in either language, whatever their endings, and with letters wrong', async () => {
      const found: [string, string[]][] = [
        ['matrix', ['The Matrix', 'The Matrix Reloaded']],
        ['matrxi', ['The Matrix', 'The Matrix Reloaded']],
        ['matr', ['The Matrix', 'The Matrix Reloaded']],
        ['the matrix reloaded', ['The Matrix Reloaded']],
        ['летит журавль', ['Летят журавли']],
        ['журавл', ['Летят журавли']],
        ['runs wolf', ['Running Wolves']],
        ['run wolves', ['Running Wolves']],
        ['tarantino pulp', ['Pulp Fiction']],
        ['tarentino', ['Pulp Fiction']],
        ['измайловой', ['Pulp Fiction']],
        ['wachow', ['The Matrix']],
        ['hackers', ['The Matrix']],
        ['xyzzy', []],
      ];
      for (const [text, expected] of found) {
        assert.deepEqual(await titles(`q=${encodeURIComponent(text)}`), expected, text);
      }
      // A word that no index has is no condition.
      assert.equal((await search('q=the')).total, 6);
    });

    await t.test('and marks what it has found', async () => {
      const mark = (text: string): string => `${markStart}${text}${markEnd}`;
      const [pulp] = (await search('q=pulp tarantino измайлова')).hits;
      assert.deepEqual(pulp?.highlights, {
        title: `${mark('Pulp')} Fiction`,
        names: {
          'Quentin Tarantino': `Quentin ${mark('Tarantino')}`,
          'Катерина Измайлова': `Катерина ${mark('Измайлова')}`,
        },
      });
      const [matrix] = (await search('q=true hacker')).hits;
      assert.equal(
        matrix?.highlights.description,
        `A ${mark('hacker')} learns of the <b>${mark('true')}</b> nature of his reality.`,
      );
    });

    await t.test('by genre and year, and says how many of each there are', async () => {
      const all = await search('');
      assert.deepEqual(all.genres, [
        { name: 'Drama', count: 3 },
        { name: 'Comedy', count: 1 },
      ]);
      assert.deepEqual(all.years, [
        { year: 1957, count: 2 },
        { year: 1994, count: 1 },
        { year: 1999, count: 1 },
        { year: 2003, count: 1 },
      ]);
      assert.deepEqual(await titles('genre=Drama&genre=Comedy'), ['Pulp Fiction']);
      const nineties = await search('genre=Drama&from=1990&to=1999');
      assert.deepEqual(
        nineties.hits.map((hit) => hit.film.title),
        ['Pulp Fiction', 'The Matrix'],
      );
      assert.deepEqual(
        nineties.years.map(({ year }) => year),
        [1994, 1999, 2003],
      );
    });

    await t.test('in each order, page after page', async () => {
      const ids = await olga.create('genres', { name: 'Serial', description: null });
      for (let i = 0; i < 45; i++) {
        await film(`Part ${String(i).padStart(2, '0')}`, {
          genres: [ids.id],
          ...(i % 3 > 0 && { rating: i % 4, creation_date: `19${20 + i}-01-01` }),
        });
      }
      await eventually(async () => assert.equal((await search('genre=Serial')).total, 45));
      for (const query of ['', 'sort=rating', 'sort=newest', 'sort=title', 'q=part', 'q=part&sort=newest']) {
        const seen: string[] = [];
        let after: string | null = '';
        while (after !== null) {
          const page: SearchResult = await search(`genre=Serial&${query}${after && `&after=${after}`}`);
          seen.push(...page.hits.map((hit) => hit.film.title));
          after = page.next;
        }
        assert.equal(seen.length, 45, query);
        assert.equal(new Set(seen).size, 45, query);
        if (query === 'sort=title') assert.deepEqual(seen, seen.toSorted());
      }
    });

    await t.test('and refuses what it cannot make sense of', async () => {
      const ask = async (query: string): Promise<LightMyRequestResponse> =>
        site.ask({ url: `/api/v1/search${query}` });
      for (const query of [
        '?q=' + 'x'.repeat(201),
        '?sort=_script',
        '?after=x',
        `?after=${Buffer.from('[{"a":1},"b"]').toString('base64url')}`,
        '?from=x',
        '?genre=',
        '?size=1000',
        '/films/1',
        '/persons/1',
        '/live?sort=x',
      ]) {
        const answer = await ask(query);
        assert.equal(answer.statusCode, 400, `${query}: ${answer.body}`);
      }
      for (const text of ['"', 'a AND (', '*:*', '{"query":1}', '\\', '\ue000', '🙂']) {
        assert.equal((await ask(`?q=${encodeURIComponent(text)}`)).statusCode, 200, text);
      }
      assert.equal((await ask(`/films/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`)).statusCode, 404);
    });

    await t.test('tells open pages of what appears, changes and goes, and how soon', async (test) => {
      const followed = await follow<SearchResult>(test, site, '/api/v1/search/live?q=solaris');
      await followed.next(({ result }) => result.total === 0);
      const kris = await person('Kris');
      const solaris = await film('Solaris', { people: [{ person_id: kris.id, role: 'actor' }] });
      const appeared = await followed.next(({ result }) => result.total === 1);
      const [change, ...others] = appeared.changes;
      assert.deepEqual(others, []);
      assert.deepEqual({ ...change, seen_ms: 0 }, { id: solaris.id, kind: 'new', seen_ms: 0 });
      const seenMs = change?.seen_ms ?? Infinity;
      assert.ok(seenMs >= 0 && seenMs < 20_000, String(seenMs));

      const { modified } = (await olga.ask('GET', `/persons/${kris.id}`)).json<Row>();
      const renamed = await olga.ask('PUT', `/persons/${kris.id}`, {
        full_name: 'Kris Kelvin',
        birth_date: null,
        modified,
      });
      assert.equal(renamed.statusCode, 200, renamed.body);
      const changed = await followed.next(
        ({ result }) => result.hits[0]?.film.actors[0]?.name === 'Kris Kelvin',
      );
      assert.deepEqual(
        changed.changes.map(({ id, kind }) => [id, kind]),
        [[solaris.id, 'changed']],
      );
      assert.notEqual(changed.changes[0]?.seen_ms, null);

      // By another way than this site: when that was is not known.
      await setting.admin.query(`update content.film_work set title = 'Solaris (1972)' where id = $1`, [
        solaris.id,
      ]);
      const elsewhere = await followed.next(({ result }) => result.hits[0]?.film.title === 'Solaris (1972)');
      assert.deepEqual(elsewhere.changes, [{ id: solaris.id, kind: 'changed', seen_ms: null }]);

      // What is written again as it was is no change, and nothing is told of it.
      assert.equal((await setting.command(['snapshot', '--index', 'movies'])).code, 0);
      await film('Solaris again');
      const another = await followed.next(() => true);
      assert.deepEqual(
        another.changes.map(({ kind }) => kind),
        ['new'],
      );

      await removeFilm(olga, solaris.id);
      const gone = await followed.next(({ result }) => result.total === 1);
      assert.deepEqual(
        gone.changes.map(({ id, kind }) => [id, kind]),
        [[solaris.id, 'gone']],
      );
      assert.notEqual(gone.changes[0]?.seen_ms, null);
    });
    await service.stop();
  });
});

async function removeFilm(visitor: Visitor, id: string): Promise<void> {
  const { modified } = (await visitor.ask('GET', `/films/${id}`)).json<Row>();
  const answer = await visitor.ask('DELETE', `/films/${id}?modified=${modified}`);
  assert.equal(answer.statusCode, 204, answer.body);
}

interface Followed<Result> {
  /** Waits for the first event from here on that is as the condition says. */
  next(condition: (event: LiveEvent<Result>) => boolean): Promise<LiveEvent<Result>>;
}

/** Opens a stream of events, as a page does. */
async function follow<Result>(t: TestContext, site: Site, path: string): Promise<Followed<Result>> {
  if (!site.app.server.listening) await site.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = site.app.server.address() as AddressInfo;
  const ending = new AbortController();
  t.after(() => ending.abort());
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: ending.signal });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const { body } = response;
  assert.ok(body);
  const events: LiveEvent<Result>[] = [];
  void (async () => {
    let text = '';
    for await (const part of body.pipeThrough(new TextDecoderStream())) {
      const whole = (text + part).split('\n\n');
      text = whole.pop() ?? '';
      for (const event of whole) {
        const data = /^event: state\ndata: (.*)$/.exec(event)?.[1];
        if (data !== undefined) events.push(JSON.parse(data) as LiveEvent<Result>);
      }
    }
  })().catch(() => undefined);
  return {
    next: (condition) =>
      waitFor(() => {
        const position = events.findIndex(condition);
        return position >= 0 && events.splice(0, position + 1).at(-1);
      }),
  };
}
