import assert from 'node:assert/strict';
import { globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { buildByHand } from './build-by-hand.ts';

test('the image that the Dockerfile builds', async (t) => {
  using image = await buildByHand();

  await t.test('starts as a user other than root', async () => {
    const { stdout } = await image.run(['node', '-p', 'process.getuid()']);
    assert.notEqual(Number(stdout), 0);
    const { stdout: help } = await image.run(['node', 'src/cli/main.ts', '--help']);
    assert.match(help, /DATABASE_URL/);
  });

  await t.test('has every package that its code imports', async () => {
    const modules = globSync('src/**/*.ts', { cwd: image.app }).filter(
      (path) => !path.startsWith('src/cli/'),
    );
    assert.ok(modules.length > 10);
    const script = 'for (const path of process.argv.slice(1)) await import(path)';
    const paths = modules.map((path) => join(image.app, path));
    await image.run(['node', '--input-type=module', '--eval', script, ...paths]);
  });

  await t.test('has no package for development', () => {
    const installed = readdirSync(join(image.app, 'node_modules'));
    assert.ok(installed.includes('pg'));
    assert.deepEqual(
      Object.keys(packageJson.devDependencies).filter((name) => installed.includes(name)),
      [],
    );
  });

  await t.test('holds nothing but what it needs', () => {
    assert.deepEqual(readdirSync(image.app).sort(), [
      'LICENSE',
      'definitions',
      'node_modules',
      'package.json',
      'src',
    ]);
  });
});
