import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definitionSchema } from '../../src/definition/schema.ts';
import { decideCourse, type CourseFacts } from '../../src/service/courses.ts';

const definition = definitionSchema.parse({
  index: 'films',
  root: 'content.film',
  fields: { title: 'title' },
});
const more = { ...definition, fields: { ...definition.fields, year: 'year' } };
const other = { ...definition, fields: { title: 'name' } };

/** An index that serves as it is defined. */
const facts: CourseFacts = {
  hash: 'now',
  definition,
  serving: { physical: 'films-1', hash: 'now', definition },
  isReproducible: true,
  reindex: null,
  isRefused: false,
  onChange: 'rebuild',
};
/** It was made from a definition that reads less. */
const extended = { ...facts, definition: more, serving: { physical: 'films-1', hash: 'then', definition } };
/** It was made from a definition that another index is needed for. */
const changed = { ...extended, definition: other };
const running = { state: 'running', isAskedFor: true, hash: 'now', physical: 'films-2' } as const;
const bySelf = { ...running, isAskedFor: false };
const refused = { isRefused: true } as const;
const keep = { onChange: 'keep' } as const;

const cases: readonly (readonly [what: string, facts: CourseFacts, kind: string])[] = [
  ['serves as it is defined is followed', facts, 'follow'],
  ['is not there is built', { ...facts, serving: null }, 'build'],
  ['is not there is built, whatever is being built', { ...facts, serving: null, reindex: running }, 'build'],
  ['has more in its definition takes it', extended, 'amend'],
  ['has another definition is rebuilt', changed, 'rebuild'],
  ['has another definition is kept where that is set', { ...changed, ...keep }, 'keep'],
  ['has more in its definition is kept where that is set', { ...extended, ...keep }, 'keep'],
  ['cannot be kept is stuck', { ...changed, ...keep, isReproducible: false }, 'stuck'],
  ['has more in it but compiles to another is rebuilt', { ...extended, isReproducible: false }, 'rebuild'],
  [
    'has the same definition but compiles to another is rebuilt',
    { ...changed, definition, ...keep, isReproducible: false },
    'rebuild',
  ],
  [
    'was made before definitions were kept is rebuilt',
    { ...changed, serving: { ...changed.serving, definition: null }, isReproducible: false },
    'rebuild',
  ],
  ['is to be built anew is rebuilt', { ...facts, reindex: { ...running, physical: null } }, 'rebuild'],
  ['is being built anew is rebuilt', { ...facts, reindex: running }, 'rebuild'],
  [
    'is asked to be built anew is rebuilt although it is kept',
    { ...changed, ...keep, reindex: running },
    'rebuild',
  ],
  ['has been built anew is followed', { ...facts, reindex: { ...running, physical: 'films-1' } }, 'follow'],
  ['is rebuilt by itself goes on', { ...changed, reindex: bySelf }, 'rebuild'],
  ['did not take what is more is rebuilt', { ...extended, reindex: bySelf }, 'rebuild'],
  ['has its definition back is followed', { ...facts, reindex: { ...bySelf, hash: 'then' } }, 'follow'],
  ['is rebuilt by itself is kept where that is set now', { ...changed, ...keep, reindex: bySelf }, 'keep'],
  ['is not to be rebuilt is kept', { ...changed, reindex: { ...running, state: 'cancelled' } }, 'keep'],
  ['failed to be rebuilt is kept', { ...changed, reindex: { ...bySelf, state: 'failed' } }, 'keep'],
  [
    'was not to be rebuilt by another definition is rebuilt',
    { ...changed, reindex: { ...running, state: 'cancelled', hash: 'once' } },
    'rebuild',
  ],
  [
    'cannot be kept although it is not to be rebuilt is rebuilt',
    { ...changed, isReproducible: false, reindex: { ...running, state: 'cancelled' } },
    'rebuild',
  ],
  ['was rebuilt once takes what is more', { ...extended, reindex: { ...running, state: 'done' } }, 'amend'],
  ['is refused is not built', { ...facts, serving: null, ...refused }, 'refused'],
  ['is refused with more in it is kept', { ...extended, ...refused }, 'keep'],
  ['is refused when changed is kept', { ...changed, ...refused }, 'keep'],
  ['is refused and cannot be kept is left', { ...changed, isReproducible: false, ...refused }, 'refused'],
  ['serves is followed, whatever is refused', { ...facts, ...refused }, 'follow'],
  ['is refused when it is to be built anew is kept', { ...facts, reindex: running, ...refused }, 'keep'],
];

describe('at a start, an index that', () => {
  for (const [what, given, kind] of cases) it(what, () => assert.equal(decideCourse(given).kind, kind));

  it('takes settings alone has no document read again', () => {
    const settings = { ...definition, settings: { refresh_interval: '1s' } };
    assert.equal(decideCourse({ ...extended, definition: settings }).readsAgain, false);
    assert.equal(decideCourse(extended).readsAgain, true);
  });
});
