import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertOpen, createAccess } from '../../src/ops/access.ts';

const token = 'a-token-of-the-tests';

describe('who asks by HTTP', () => {
  it('may change something with the token alone', () => {
    const access = createAccess(token);
    assert.equal(access(`Bearer ${token}`), 'open');
    assert.doesNotThrow(() => assertOpen(access(`Bearer ${token}`)));
    assert.equal(access(undefined), 'locked');
    assert.throws(() => assertOpen(access(undefined)), { code: 'PROJ_CONSOLE_TOKEN' });
    for (const given of [
      '',
      token,
      `Bearer ${token} `,
      `Bearer ${token.toUpperCase()}`,
      `Basic ${token}`,
      'Bearer ',
    ])
      assert.throws(() => access(given), { code: 'PROJ_CONSOLE_TOKEN' }, given);
  });

  it('may not change anything where there is no token, whatever it says', () => {
    const access = createAccess('');
    for (const given of [undefined, 'Bearer ', 'Bearer undefined'])
      assert.throws(() => assertOpen(access(given)), { code: 'PROJ_CONSOLE_READ_ONLY' });
  });
});
