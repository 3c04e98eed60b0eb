import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout, readServices } from './compose-file.ts';
import { readDockerfile, readDockerignore, type Step } from './dockerfile.ts';

function stepsOf<Kind extends Step['kind']>(kind: Kind): Extract<Step, { kind: Kind }>[] {
  return readDockerfile().filter((step): step is Extract<Step, { kind: Kind }> => step.kind === kind);
}

test('the image is built in several stages from one base', () => {
  const [base, ...stages] = stepsOf('FROM');
  assert.match(base?.image ?? '', /^node:24-slim(@sha256:[0-9a-f]{64})?$/);
  assert.ok(stages.length >= 2);
  for (const { image } of stages) assert.equal(image, base?.stage);
});

test('the image runs as a user other than root, whom the last stage names', () => {
  const steps = readDockerfile();
  const lastStage = steps.slice(steps.findLastIndex((step) => step.kind === 'FROM'));
  assert.deepEqual(
    lastStage.filter((step) => step.kind === 'USER'),
    [{ kind: 'USER', value: 'node' }],
  );
});

test('packages are installed from the lock file, without those for development, and listed with their licences', () => {
  const [install, list, ...more] = stepsOf('RUN').map(({ command }) => command);
  assert.deepEqual(more, []);
  assert.equal(install?.split(' --')[0], 'npm ci');
  assert.equal(list, 'npm pkg delete devDependencies && npm run --silent sbom > sbom.cdx.json');
  assert.match(stepsOf('RUN')[0]?.command ?? '', / --omit=dev\b/);
});

test("the image's healthcheck is the compose file's", () => {
  const [healthcheck, ...more] = stepsOf('HEALTHCHECK');
  assert.deepEqual(more, []);
  assert.deepEqual(readServices()['projector']?.healthcheck?.test, ['CMD', ...(healthcheck?.command ?? [])]);
});

test('the image runs the service unless told otherwise', () => {
  assert.deepEqual(stepsOf('ENTRYPOINT'), [{ kind: 'ENTRYPOINT', command: ['node', 'src/cli/main.ts'] }]);
  assert.deepEqual(stepsOf('CMD'), [{ kind: 'CMD', command: ['run'] }]);
});

test('secrets, history, tests and what this machine fetched stay out of the build', () => {
  const ignored = readDockerignore();
  for (const path of [
    '.env',
    '.stack/env',
    '.git/config',
    'node_modules/pg/package.json',
    'test/a.ts',
    'x.pem',
  ]) {
    assert.ok(ignored.ignores(path), path);
  }
  for (const path of ['package-lock.json', 'src/cli/main.ts', 'definitions/movies.yaml', 'LICENSE']) {
    assert.ok(!ignored.ignores(path), path);
  }
});

test("the films' site's images are built of files that are there, from the lock file, and run as others than root", () => {
  const steps = readDockerfile('admin/Dockerfile');
  const ignored = readDockerignore('admin/Dockerfile.dockerignore');
  const sources = steps.flatMap((step) => (step.kind === 'COPY' && !step.from ? step.sources : []));
  assert.ok(sources.length > 10);
  for (const source of sources) {
    assert.ok(existsSync(join(checkout, source)), source);
    assert.ok(!ignored.ignores(source.replace(/\/$/, '')), source);
  }
  const commands = steps.flatMap((step) => (step.kind === 'RUN' ? step.command.split(' --')[0] : []));
  assert.deepEqual(commands, ['npm ci', 'npm run build', 'npm ci']);
  const users = steps.flatMap((step) => (step.kind === 'USER' ? step.value : []));
  assert.deepEqual(users, ['nginx', 'node']);
  const healthcheck = steps.find((step) => step.kind === 'HEALTHCHECK');
  assert.deepEqual(readServices()['movies-admin']?.healthcheck?.test, [
    'CMD',
    ...(healthcheck?.command ?? []),
  ]);
});
