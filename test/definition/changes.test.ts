import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareDefinitions } from '../../src/definition/changes.ts';
import { parseDefinition } from '../../src/definition/load.ts';
import type { DefinitionSpec } from '../../src/definition/schema.ts';

const before = `
index: orders
root: shop.purchase
where: "status <> 'draft'"
fields:
  placed: created_at
  lines: { many: line, fields: { pieces: pieces }, order: [pieces] }
settings: { number_of_shards: 1, refresh_interval: 5s }
mappings:
  dynamic: strict
  properties:
    placed: { type: date }
    lines: { type: nested, properties: { pieces: { type: integer } } }
`;

const changes: readonly (readonly [what: string, from: string, to: string, kind: string, words: RegExp])[] = [
  ['nothing', '', '', 'none', /^$/],
  ['the layout', 'root:', '# the root\nroot:', 'none', /^$/],
  ['a setting of open indexes', '5s', '1s', 'settings', /index\.refresh_interval/],
  ['a setting that goes', ', refresh_interval: 5s', '', 'settings', /index\.refresh_interval/],
  ['another nesting of a setting', 'refresh_interval: 5s', 'index: { refresh_interval: 5s }', 'none', /^$/],
  ["the mapping's _meta", 'dynamic: strict', 'dynamic: strict\n  _meta: { of: us }', 'settings', /_meta/],
  ['a new field', 'placed: created_at', 'placed: created_at\n  note: note', 'additions', /field note is new/],
  [
    'a new field in a list',
    'pieces: pieces }',
    'pieces: pieces, a: b }',
    'additions',
    /field lines\.a is new/,
  ],
  [
    'a new property',
    'placed: {',
    'note: { type: text }\n    placed: {',
    'additions',
    /mapping of note is new/,
  ],
  [
    'a new property inside',
    'pieces: { type',
    'a: { type: text }, pieces: { type',
    'additions',
    /of lines\.a is new/,
  ],
  [
    'a new multi-field',
    'placed: { type: date }',
    'placed: { type: date, fields: { text: { type: keyword } } }',
    'additions',
    /mapping of placed\.text is new/,
  ],
  ['a field that goes', 'placed: created_at\n', '\n', 'incompatible', /field placed is gone/],
  ['a field of another column', 'placed: created_at', 'placed: sent_at', 'incompatible', /placed is made of/],
  ['another order of a list', 'order: [pieces]', 'order: [pieces desc]', 'incompatible', /lines is made of/],
  ['another root', 'shop.purchase', 'shop.order', 'incompatible', /root/],
  ['another where', "'draft'", "'new'", 'incompatible', /where/],
  ['a setting of new indexes', 'shards: 1', 'shards: 2', 'incompatible', /index\.number_of_shards/],
  ['another type', 'type: integer', 'type: long', 'incompatible', /mapping of lines\.pieces is another/],
  ['a property that goes', 'placed: { type: date }', '', 'incompatible', /mapping of placed is gone/],
  [
    'another way with new fields',
    'dynamic: strict',
    'dynamic: false',
    'incompatible',
    /the mapping is another/,
  ],
];

describe('of two definitions', () => {
  for (const [what, from, to, kind, words] of changes) {
    it(`${what} makes a change that is ${kind}`, () => {
      const after = before.replace(from, to);
      assert.ok(from === to || after !== before);
      const change = compareDefinitions(specOf(before), specOf(after));
      assert.equal(change.kind, kind, change.what.join());
      assert.match(change.what.join(), words);
    });
  }

  it('an incompatible change is told from the compatible ones beside it', () => {
    const after = before.replace('5s', '1s').replace('placed: created_at', 'placed: sent_at\n  note: note');
    const { kind, what } = compareDefinitions(specOf(before), specOf(after));
    assert.deepEqual(
      { kind, what },
      { kind: 'incompatible', what: ['the field placed is made of something else'] },
    );
  });

  it('names that every object has are names like others', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    for (const name of names) {
      const text = 'index: x\nroot: s.t\n';
      const less = `${text}fields: { a: b }\nmappings: { properties: { a: { type: keyword } } }\n`;
      const more = `${text}fields: { a: b, ${name}: c }\nmappings: { properties: { a: { type: keyword }, ${name}: { type: keyword } } }\n`;
      const added = compareDefinitions(specOf(less), specOf(more));
      assert.deepEqual(added.what, [`the field ${name} is new`, `the mapping of ${name} is new`]);
      assert.equal(compareDefinitions(specOf(more), specOf(less)).kind, 'incompatible');
    }
  });

  it('all that an open index takes is told together', () => {
    const after = before
      .replace('5s', '1s')
      .replace('placed: created_at', 'placed: created_at\n  note: note');
    const { kind, what } = compareDefinitions(specOf(before), specOf(after));
    assert.equal(kind, 'additions');
    assert.deepEqual(what, ['the field note is new', 'the setting index.refresh_interval is another']);
  });
});

function specOf(text: string): DefinitionSpec {
  const { definition, problems } = parseDefinition('orders.yaml', text);
  assert.ok(definition, JSON.stringify(problems));
  return definition.spec;
}
