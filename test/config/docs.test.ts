import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { composeVariables } from '../../src/config/compose-variables.ts';
import { withSettingsTable } from '../../src/config/docs.ts';
import { renderEnvExample, renderHelp, renderMarkdownTable } from '../../src/config/render.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { listSettings } from '../../src/config/table.ts';

const root = join(import.meta.dirname, '../..');
const remedy = 'run `npm run config:docs`';

test('.env.example is what the table of settings makes', () => {
  assert.equal(readFileSync(join(root, '.env.example'), 'utf8'), renderEnvExample(), remedy);
});

test("README.md has the table's settings between its markers", () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  assert.equal(readme, withSettingsTable(readme), remedy);
});

test('a README without the markers is an error and not left without the table', () => {
  assert.throws(() => withSettingsTable('# Projector\n'), /markers/);
});

test('a table of old settings is replaced, and nothing around it', () => {
  const around = (table: string) => `above\n<!-- settings:start -->${table}<!-- settings:end -->\nbelow\n`;
  assert.equal(withSettingsTable(around('\n| old |\n')), around(`\n\n${renderMarkdownTable()}\n\n`));
});

test("the README's table is laid out as prettier would", async () => {
  const options = await resolveConfig(join(root, 'README.md'));
  const table = `${renderMarkdownTable()}\n`;
  assert.equal(await format(table, { ...options, parser: 'markdown' }), table);
});

test('a copy of .env.example changes nothing until a line of it is uncommented', () => {
  assert.deepEqual({ ...parseEnv(renderEnvExample()) }, {});
});

test('.env.example with every line uncommented is valid', () => {
  const env = parseEnv(renderEnvExample().replaceAll(/^#(?=\w+=)/gm, ''));
  assert.deepEqual(
    Object.keys(env).sort(),
    [...listSettings(), ...composeVariables].map((variable) => variable.env).sort(),
  );
  assert.equal(loadSettings(env).bulkBytes, 5 * 1024 * 1024);
});

test('--help names every setting and fits a terminal of 100 columns', () => {
  const lines = renderHelp().split('\n');
  for (const { env } of listSettings())
    assert.ok(
      lines.some((line) => line.startsWith(`  ${env} `)),
      env,
    );
  assert.deepEqual(
    lines.filter((line) => line.length > 100),
    [],
  );
});
