import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { loadDefinitions, parseDefinition } from '../../src/definition/load.ts';

const head = 'index: x\nroot: s.t\n';

/** The problems of a definition's text, as `line:column message`. */
function problemsOf(text: string): string[] {
  return parseDefinition('x.yaml', text).problems.map(
    ({ at, message }) => `${at.line}:${at.column} ${message}`,
  );
}

describe('parseDefinition', () => {
  it('takes every form of a field', () => {
    const { definition, problems } = parseDefinition(
      'x.yaml',
      `${head}where: "a = 1"
fields:
  column: a
  expression: { expression: lower(a) }
  one_value: { one: b, value: c }
  one_object: { one: b, via: b_id, where: "d", fields: { e: f } }
  values: { many: g, value: { one: h, value: i }, order: [value] }
  objects: { many: g, via: [j, k], fields: { l: m, n: { many: o, value: p } }, order: [l, n desc] }
  number: { count: g }
settings: { refresh_interval: 1s }
mappings: { dynamic: strict }
`,
    );
    assert.deepEqual(problems, []);
    assert.equal(definition?.spec.index, 'x');
    assert.deepEqual(definition.spec.settings, { refresh_interval: '1s' });
  });

  it('needs neither settings nor mappings', () => {
    const { definition } = parseDefinition('x.yaml', `${head}fields: { a: b }`);
    assert.deepEqual([definition?.spec.settings, definition?.spec.mappings], [{}, {}]);
  });

  it('tells where and what is wrong', () => {
    const cases: [string, string[]][] = [
      [
        'index: X\nroot: s.t\nfields: { a: b }',
        ['1:1 an index name is lower-case letters, digits, `_` and `-`, and begins with a letter or digit'],
      ],
      [
        'index: x\nfields: { a: b }\nmapping: {}',
        ['1:1 `root:` is missing', '3:1 `mapping` is not known here'],
      ],
      [`${head}fields: {}`, ['3:1 expected at least one field']],
      [
        `${head}fields: { a: 3 }`,
        ["3:11 expected a column's name, or exactly one of `expression:`, `one:`, `many:`, `count:`"],
      ],
      [
        `${head}fields:\n  a: { two: b, value: c }`,
        ["4:3 expected a column's name, or exactly one of `expression:`, `one:`, `many:`, `count:`"],
      ],
      [
        `${head}fields:\n  a: { one: b, many: c, value: d }`,
        ["4:3 expected a column's name, or exactly one of `expression:`, `one:`, `many:`, `count:`"],
      ],
      [
        `${head}fields:\n  a: { one: b }`,
        ['4:3 `one:` needs either `value:` (plain values) or `fields:` (objects)'],
      ],
      [
        `${head}fields:\n  a: { many: b, value: c, fields: { d: e } }`,
        ['4:3 `many:` needs either `value:` (plain values) or `fields:` (objects)'],
      ],
      [`${head}fields:\n  a: { one: b, value: c, order: [c] }`, ['4:26 `order` is not known here']],
      [
        `${head}fields:\n  a:\n    many: b\n    value: { one: c }\n`,
        ['6:5 `one:` needs either `value:` (plain values) or `fields:` (objects)'],
      ],
      [
        `${head}fields:\n  a: { many: b, value: c, order: [c down] }`,
        ['4:35 expected `name`, `name asc` or `name desc`'],
      ],
      [`${head}fields:\n  a: { one: b, value: c, via: 7 }`, ['4:26 expected a name or a list of names']],
      [
        `${head}fields:\n  a.b: c`,
        ['4:3 a field name has no dots and no spaces; an object is a relation with `fields:`'],
      ],
      [`${head}fields:\n  a: b\n  a: c`, ['5:3 Map keys must be unique']],
      ['[1', ['1:3 Flow sequence must end with a ]']],
      ['', ['1:1 expected object, received null']],
    ];
    for (const [text, expected] of cases) assert.deepEqual(problemsOf(text), expected, text);
  });
});

describe('a file that is no definition', () => {
  it('is told with the place, whatever is in it', () => {
    const bomb = `${head}fields: { a: b }\nsettings:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from(
      'bcdefgh',
    )
      .map(
        (name, at) =>
          `  ${name}: &${name} [${Array(10)
            .fill(`*${'abcdefg'.charAt(at)}`)
            .join(', ')}]\n`,
      )
      .join('')}`;
    const cases: [string, string[]][] = [
      [`${head}fields: { a: *b }`, ['3:14 there is no anchor &b before this alias']],
      [
        `${head}fields: &f { a: { one: t, fields: *f } }`,
        ['3:35 the alias *f is inside of what it stands for'],
      ],
      [`${head}fields: { a: b }\nsettings: &s [*s]`, ['4:15 the alias *s is inside of what it stands for']],
      [bomb, ['10:9 with its aliases this is more than 1,000,000 values']],
      [`${head}fields: { a: b, __proto__: c }`, ['3:17 `__proto__` cannot be a name']],
      [
        `${head}fields: { a: b }\nmappings: { properties: { __proto__: {} } }`,
        ['4:27 `__proto__` cannot be a name'],
      ],
      [
        `${head}fields: { <<: { a: b }, c: d }`,
        ['3:11 `<<` merges nothing in YAML 1.2: write the keys themselves'],
      ],
      [`${head}fields: { ? [a] : b }`, ['3:13 a key is a single value']],
      [
        `${head}fields: { a: b }\n---\nindex: y`,
        ['4:1 another document begins here: a file has one definition'],
      ],
      [`${head}fields:\n\ta: b`, ['4:1 Tabs are not allowed as indentation']],
      [`${head}fields: { a: "\\0" }`, ['3:14 this is no text that Postgres can take']],
      [`${head}fields: { a: "\\uD800" }`, ['3:14 this is no text that Postgres can take']],
      [`${head}fields: { a: b }\nsettings: { a: .nan }`, ['4:16 this is no number that JSON has']],
      [
        `${head}fields: { a: b }\nsettings: ${'['.repeat(200)}${']'.repeat(200)}`,
        ['4:111 this is nested more than 100 deep'],
      ],
      ['hello', ['1:1 expected object, received string']],
      ['# nothing', ['1:1 expected object, received null']],
    ];
    for (const [text, expected] of cases) assert.deepEqual(problemsOf(text), expected, text.slice(0, 200));
  });

  it('is told when its bytes are no text', () => {
    const text = Buffer.from(`${head}fields: { a: "?" }`);
    text[text.indexOf('?')] = 0xe4;
    const { problems } = parseDefinition('x.yaml', text);
    assert.deepEqual(
      problems.map(({ at, message }) => [at.line, at.column, message]),
      [[3, 15, 'this is not UTF-8 text']],
    );
  });

  it('may use an alias as often as it likes', () => {
    const many = Array.from({ length: 300 }, (_, at) => `  f${at}: *a\n`).join('');
    const { definition } = parseDefinition('x.yaml', `${head}fields:\n  a: &a { one: t, value: c }\n${many}`);
    assert.deepEqual(definition?.spec.fields['f299'], { one: 't', value: 'c' });
  });
});

describe('a definition that no index can have', () => {
  it('is told with the place', () => {
    const cases: [string, string[]][] = [
      ['_id', ['4:3 Elasticsearch keeps the name _id at the top of a document for itself']],
      ['_source', ['4:3 Elasticsearch keeps the name _source at the top of a document for itself']],
      ['_doc_count', ['4:3 Elasticsearch keeps the name _doc_count at the top of a document for itself']],
      ['_ours', []],
      ['constructor', []],
    ];
    for (const [name, expected] of cases)
      assert.deepEqual(
        problemsOf(`${head}fields:\n  ${name}: b\n  o: { one: t, fields: { ${name}: b } }`),
        expected,
      );
    const settings = `${head}fields: { a: b }\nsettings:\n  index:\n    blocks.write: true\n    mode: time_series\n`;
    assert.deepEqual(problemsOf(`${settings}mappings:\n  _routing: { required: true }\n`), [
      '6:5 with index.blocks.write the index could not be filled',
      '7:5 in the mode time_series documents have no ids of their own',
      '9:15 the documents have no routing',
    ]);
  });
});

it('a definition of 20,000 fields is read, and all that is wrong with it told', () => {
  const fieldsOf = (value: (at: number) => string): string =>
    `${head}fields:\n${Array.from({ length: 20_000 }, (_, at) => `  f${at}: ${value(at)}\n`).join('')}`;
  assert.ok(
    parseDefinition(
      'x.yaml',
      fieldsOf(() => 'a'),
    ).definition,
  );
  assert.equal(parseDefinition('x.yaml', fieldsOf(String)).problems.length, 20_000);
});

describe('loadDefinitions', () => {
  it('names what cannot be read', async () => {
    await using directory = await temporaryDirectory({});
    await mkdir(path.join(directory.path, 'a.yaml'));
    await symlink('nowhere', path.join(directory.path, 'b.yaml'));
    await assert.rejects(loadDefinitions(directory.path), {
      code: 'PROJ_DEFINITION_INVALID',
      message: [
        `${path.join(directory.path, 'a.yaml')}:1:1: the file cannot be read: it is a directory`,
        `${path.join(directory.path, 'b.yaml')}:1:1: the file cannot be read: it leads nowhere`,
      ].join('\n'),
    });
  });

  it('names what is wrong in any of the files, in one error', async () => {
    await using directory = await temporaryDirectory({
      'a.yaml': 'index: x\nroot: s.t\nfields: { a: b }\n',
      'b.yml': 'index: x\nroot: s.t\nfields: { a: b }\n',
      'c.yaml': 'index: y\nfields: { a: 1 }\n',
      'notes.txt': 'not a definition',
    });
    const in_ = (name: string): string => path.join(directory.path, name);
    await assert.rejects(loadDefinitions(directory.path), {
      code: 'PROJ_DEFINITION_INVALID',
      exitCode: 2,
      message: [
        `${in_('b.yml')}:1:1: the index x is already defined in ${in_('a.yaml')}`,
        `${in_('c.yaml')}:1:1: \`root:\` is missing`,
        `${in_('c.yaml')}:2:11: expected a column's name, or exactly one of \`expression:\`, \`one:\`, \`many:\`, \`count:\``,
      ].join('\n'),
    });
  });

  it('gives the definitions in the order of their files', async () => {
    await using directory = await temporaryDirectory({
      'b.yaml': 'index: first\nroot: s.t\nfields: { a: b }\n',
      'c.yaml': 'index: second\nroot: s.t\nfields: { a: b }\n',
    });
    const definitions = await loadDefinitions(directory.path);
    assert.deepEqual(
      definitions.map(({ spec }) => spec.index),
      ['first', 'second'],
    );
  });

  it('says how to mend an empty or missing directory', async () => {
    await using directory = await temporaryDirectory({});
    for (const [where, message] of [
      [directory.path, /there is no definition in/],
      [path.join(directory.path, 'missing'), /cannot be read/],
    ] as const) {
      await assert.rejects(loadDefinitions(where), { code: 'PROJ_DEFINITION_INVALID', message });
    }
  });
});

async function temporaryDirectory(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { path: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'projector-definitions-'));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text);
  return { path: directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}
