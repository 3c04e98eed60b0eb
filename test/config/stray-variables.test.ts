import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSettings } from '../../src/config/settings.ts';
import { editDistance, findStrayVariables } from '../../src/config/stray-variables.ts';

test('an unknown name with a prefix that is only ours is an error, with the name that was meant', () => {
  const { errors, warnings } = findStrayVariables({
    PROJECTOR_NMAE: 'x',
    SNAPSHOT_SPEED: '1',
    DEBOUNCE_QUIET: '0',
  });
  assert.deepEqual(errors, [
    'DEBOUNCE_QUIET is not a setting',
    'PROJECTOR_NMAE is not a setting; did you mean PROJECTOR_NAME?',
    'SNAPSHOT_SPEED is not a setting',
  ]);
  assert.deepEqual(warnings, []);
  assert.throws(() => loadSettings({ PROJECTOR_NMAE: 'x' }), /PROJECTOR_NMAE is not a setting/);
});

test('a name close to one of ours is a warning, since it may belong to somebody else', () => {
  const { errors, warnings } = findStrayVariables({
    REDIS_URI: 'x',
    batch_size: '1',
    LOG_LEVEL_FILE: '/log',
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, [
    'LOG_LEVEL_FILE is not a setting and has no effect; did you mean LOG_LEVEL?',
    'REDIS_URI is not a setting and has no effect; did you mean REDIS_URL?',
    'batch_size is not a setting and has no effect; did you mean BATCH_SIZE?',
  ]);
});

test('our own names, what compose reads and everything else on the machine pass in silence', () => {
  const env = {
    REDIS_URL_FILE: '/x',
    POSTGRES_PASSWORD: 'x',
    PROJECTOR_PASSWORD: 'x',
    PATH: '/bin',
    HOME: '/',
  };
  assert.deepEqual(findStrayVariables(env), { errors: [], warnings: [] });
});

test('what Kubernetes sets for a Service named projector is no error', () => {
  const env = {
    PROJECTOR_SERVICE_HOST: '10.0.0.1',
    PROJECTOR_SERVICE_PORT: '80',
    PROJECTOR_SERVICE_PORT_HTTP: '80',
    PROJECTOR_PORT: 'tcp://10.0.0.1:80',
    PROJECTOR_PORT_80_TCP_ADDR: '10.0.0.1',
  };
  assert.deepEqual(findStrayVariables(env), { errors: [], warnings: [] });
});

test('the edit distance is a metric', () => {
  const name = fc.stringMatching(/^[AB_]{0,8}$/);
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    }),
  );
});
