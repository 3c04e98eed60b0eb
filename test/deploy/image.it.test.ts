import assert from 'node:assert/strict';
import { globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import sitePackageJson from '../../admin/package.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { buildByHand } from './build-by-hand.ts';

/** Those that ask for nothing but their own text to go along. */
const FREE_LICENCES: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
]);

/** https://cyclonedx.org/docs/1.5/json/ */
const bomSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      licenses: z
        .array(z.object({ license: z.object({ id: z.string().optional(), name: z.string().optional() }) }))
        .default([]),
    }),
  ),
});

/** What npm keeps beside the packages that it has installed. */
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ version: z.string() })) });

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

  await t.test("has no package for development, nor of the films' site", () => {
    const installed = readdirSync(join(image.app, 'node_modules'));
    assert.ok(installed.includes('pg'));
    const { dependencies, devDependencies } = packageJson;
    const others = Object.keys({ ...devDependencies, ...sitePackageJson.dependencies });
    assert.ok(others.includes('fastify'));
    assert.deepEqual(
      others.filter((name) => !(name in dependencies) && installed.includes(name)),
      [],
    );
  });

  await t.test('lists every package that it holds, each with a licence that is free to be passed on', () => {
    const { components } = bomSchema.parse(
      JSON.parse(readFileSync(join(image.app, 'sbom.cdx.json'), 'utf8')),
    );
    const { packages } = lockSchema.parse(
      JSON.parse(readFileSync(join(image.app, 'node_modules/.package-lock.json'), 'utf8')),
    );
    const held = Object.entries(packages).map(
      ([path, { version }]) => `${path.split('node_modules/').at(-1) ?? ''}@${version}`,
    );
    const listed = components.map(({ name, version }) => `${name}@${version}`);
    assert.deepEqual(listed.sort(), [...new Set(held)].sort());
    const refused = components.flatMap(({ name, licenses }) => {
      const ids = licenses.map(({ license }) => license.id ?? license.name ?? '');
      return ids.length > 0 && ids.every((id) => FREE_LICENCES.has(id)) ? [] : [`${name}: ${ids.join(', ')}`];
    });
    assert.deepEqual(refused, []);
  });

  await t.test('holds nothing but what it needs', () => {
    assert.deepEqual(readdirSync(image.app).sort(), [
      'LICENSE',
      'definitions',
      'node_modules',
      'package.json',
      'sbom.cdx.json',
      'src',
    ]);
  });
});
