import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProjectorError } from '../../src/ops/errors.ts';
import { findRefusals, throwRefusals, type Refusals } from '../../src/service/refused-indexes.ts';
import { compilePlan } from '../../src/definition/compile.ts';
import { catalogOf, definitionOf } from '../definition/catalogs.ts';

const catalog = catalogOf({ 's.t': { columns: ['id integer', 'name text'], key: ['id'] } });
const { indexes } = compilePlan(
  ['one', 'two'].map((name) => definitionOf(`index: ${name}\nroot: s.t\nfields: { name: name }\n`)),
  catalog,
);
const [one] = indexes;
assert.ok(one);
const error = new ProjectorError('PROJ_INDEX_REFUSED', 'no', 'Mend it.');

const find = async (
  refusals: Refusals,
  { isMade = false, refused = false }: { readonly isMade?: boolean; readonly refused?: boolean },
): Promise<string[]> => {
  const trial = { refusal: refused ? error : null };
  const found = await findRefusals(
    [one],
    refusals,
    () => isMade,
    () => Promise.resolve(trial),
  );
  return [...found.keys()];
};

test('what Elasticsearch would refuse, or has refused to make, is refused until the definition is another', async () => {
  const made = (hash: string): Refusals => new Map([['one', { hash, error }]]);
  assert.deepEqual(await find(new Map(), {}), []);
  assert.deepEqual(await find(new Map(), { refused: true }), ['one']);
  // It has been taken once.
  assert.deepEqual(await find(new Map(), { refused: true, isMade: true }), []);
  assert.deepEqual(await find(made(one.hash), {}), ['one']);
  assert.deepEqual(await find(made(one.hash), { isMade: true }), ['one']);
  const before = made('another');
  assert.deepEqual(await find(before, {}), []);
  assert.equal(before.size, 0);
});

test('all that is refused is told in one error', () => {
  throwRefusals(new Map());
  const other = new ProjectorError('PROJ_INDEX_REFUSED', 'nor this', 'Mend it.');
  assert.throws(() => throwRefusals(new Map([['one', error]])), { message: 'no' });
  assert.throws(
    () =>
      throwRefusals(
        new Map([
          ['one', error],
          ['two', other],
        ]),
      ),
    { code: 'PROJ_INDEX_REFUSED', message: 'no\nnor this', fix: 'Mend it.' },
  );
});
