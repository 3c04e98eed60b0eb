import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withEnvFiles } from '../../src/config/env-files.ts';
import { ProjectorError } from '../../src/ops/errors.ts';

/** A directory with `.env` and `.stack/env` of these contents, where they are given. */
function directoryWith(files: { env?: string; stack?: string }) {
  const directory = mkdtempDisposableSync(join(tmpdir(), 'projector-env-'));
  if (files.env !== undefined) writeFileSync(join(directory.path, '.env'), files.env);
  if (files.stack !== undefined) {
    mkdirSync(join(directory.path, '.stack'));
    writeFileSync(join(directory.path, '.stack', 'env'), files.stack);
  }
  return directory;
}

test('without the files the environment is as it is', () => {
  using directory = directoryWith({});
  assert.deepEqual(withEnvFiles({ A: '1' }, directory.path), { A: '1' });
});

test('the environment wins over .env, and .env over .stack/env', () => {
  using directory = directoryWith({ env: 'A=env\nB=env\n', stack: 'A=stack\nB=stack\nC="st ack"\n' });
  assert.deepEqual(withEnvFiles({ A: 'real' }, directory.path), { A: 'real', B: 'env', C: 'st ack' });
});

test('a variable set to nothing hides what the files say', () => {
  using directory = directoryWith({ env: 'INDEX_PREFIX=staging-\n' });
  assert.deepEqual(withEnvFiles({ INDEX_PREFIX: '' }, directory.path), { INDEX_PREFIX: '' });
});

test('a secret and the file of that secret are one setting', () => {
  using directory = directoryWith({
    env: 'REDIS_URL=redis://a\n',
    stack: 'REDIS_URL_FILE=/b\nDATABASE_URL=c\n',
  });
  assert.deepEqual(withEnvFiles({ DATABASE_URL_FILE: '/d' }, directory.path), {
    DATABASE_URL_FILE: '/d',
    REDIS_URL: 'redis://a',
  });
});

test('a file that is there and cannot be read is an error', () => {
  using directory = directoryWith({});
  mkdirSync(join(directory.path, '.env'));
  assert.throws(
    () => withEnvFiles({}, directory.path),
    (error) => error instanceof ProjectorError && error.code === 'PROJ_SETTINGS_INVALID',
  );
});
