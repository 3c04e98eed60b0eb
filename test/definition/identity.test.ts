import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePlan } from '../../src/definition/compile.ts';
import { identityProblems, type IdentityProblem } from '../../src/definition/identity.ts';
import { catalogOf, definitionOf, films, type TableSketch } from './catalogs.ts';

const movies = definitionOf(`index: movies
root: content.film_work
fields:
  genres: { many: genre_film_work, value: { one: genre, value: name } }
  people: { many: person_film_work, value: role }`);

describe('a replica identity', () => {
  it('has to carry the columns that routes start from; the statement that mends it is given', () => {
    const { tables } = compilePlan([movies], films);
    assert.deepEqual(identityProblems(films, tables), [
      {
        schema: 'content',
        name: 'genre_film_work',
        missing: ['film_work_id'],
        sql: 'alter table "content"."genre_film_work" replica identity using index "film_work_id_genre_id";',
        byHand: false,
      },
      {
        schema: 'content',
        name: 'person_film_work',
        missing: ['film_work_id'],
        sql: 'alter table "content"."person_film_work" replica identity full;',
        byHand: false,
      },
    ] satisfies IdentityProblem[]);
  });

  it('is judged partition by partition', () => {
    const sketch: TableSketch = { columns: ['id integer', 'b text'], key: ['id'] };
    const [plain] = catalogOf({ 's.t': sketch }).tables[0]?.storage ?? [];
    assert.ok(plain);
    const catalog = catalogOf({
      's.t': {
        ...sketch,
        more: {
          kind: 'partitioned table',
          storage: [
            { ...plain, name: 't_1' },
            { ...plain, name: 't_2', replicaIdentity: 'nothing', identityColumns: [] },
          ],
        },
      },
    });
    const { tables } = compilePlan([definitionOf('index: x\nroot: s.t\nfields: { b: b }')], catalog);
    assert.equal(tables[0]?.partitioned, true);
    assert.deepEqual(
      identityProblems(catalog, tables).map(({ sql }) => sql),
      ['alter table "s"."t_2" replica identity using index "id";'],
    );
  });
});
